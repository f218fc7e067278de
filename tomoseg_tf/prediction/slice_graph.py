"""The strides and tensors of a 2D network on slices.

Any functional graph of the layers of this package will do, as nothing is computed here: each
tensor has a factor, pixels of the slice per pixel of its own, and a number of channels.
"""

from dataclasses import dataclass
from math import lcm, prod

from tomoseg_tf.backend import load_keras
from tomoseg_tf.prediction.geometry import Node


@dataclass(frozen=True)
class SliceGraph:
    """Strides and tensors of a network on slices.

    Attributes
    ----------
    nodes : list of Node
        One per layer, its class as the kind; a factor of 0 is a tensor whose sides
        do not grow with the slice.
    stride : int
        Multiples in which the sides of a slice must come.
    smallest : int
        Shortest side that all poolings leave something of.
    """

    nodes: list
    stride: int
    smallest: int

    def padded_side(self, side):
        """Side of a slice after padding at the high end to what the network takes."""
        return -(-max(side, self.smallest) // self.stride) * self.stride


def slice_graph(model):
    """Follow the strides and channels of a 2D network through its layers.

    Parameters
    ----------
    model : keras.Model
        Functional, of one input (B, Y, X, C) and one output of the same sides.

    Returns
    -------
    SliceGraph

    Raises
    ------
    ValueError
        If it gives fewer pixels than it sees.
    """
    walk = _Walk(model)
    for layer in model.layers:
        walk.visit(layer)
    return SliceGraph(walk.nodes, walk.stride, walk.smallest)


class _Walk:
    """Nodes of the layers visited so far."""

    def __init__(self, model):
        self.layers = load_keras().layers
        self.nodes, self.places = [], {}
        self.stride = self.smallest = 1
        self.cropped = {  # these need not come out at the sides of the slice
            id(_tensors(layer.input)[0]) for layer in model.layers if _kind(layer) == "CropLike"
        }

    def visit(self, layer):
        """Add the node of a layer."""
        if isinstance(layer, self.layers.InputLayer):
            self._add(layer, (), 1)
            return
        inputs = tuple(self.places[id(tensor)] for tensor in _tensors(layer.input))
        self._add(layer, inputs, self._factor(layer, inputs))

    def _add(self, layer, inputs, factor):
        outputs = _tensors(layer.output)
        channels = sum(tensor.shape[-1] for tensor in outputs)
        self.places |= {id(tensor): len(self.nodes) for tensor in outputs}
        self.nodes.append(Node(_kind(layer), layer.name, inputs, channels, (1, factor, factor)))

    def _factor(self, layer, inputs):
        """Pixels of the slice per pixel of what a layer gives."""
        kind, layers = _kind(layer), self.layers
        sources = [self.nodes[index].factor[1] for index in inputs]
        if kind in ("ResizeBilinear", "LinearResize", "CropLike", "IndexUnpooling2D"):
            return sources[-1]  # the tensor whose sides it takes
        if kind == "GridMean":
            self.stride = lcm(self.stride, sources[0] * layer.cells)
            return 0
        if kind in ("GlobalAveragePooling2D", "GlobalMaxPooling2D"):
            return 0
        if kind == "IndexPooling2D":
            return 2 * sources[0]
        if kind == "Cropping2D":
            raise ValueError(_narrower(layer))
        if kind in ("UpSampling2D", "LinearUpSampling", "Conv2DTranspose"):
            step = _step(layer.strides if kind == "Conv2DTranspose" else layer.size, layer)
            if step > 1 and id(layer.output) not in self.cropped:
                self.stride = lcm(self.stride, sources[0])
            return sources[0] // step
        if isinstance(layer, layers.MaxPooling2D | layers.AveragePooling2D):
            factor = sources[0] * _step(layer.strides, layer)
            if layer.padding == "valid" and layer.strides == layer.pool_size:
                self.smallest = max(self.smallest, factor)
            return factor
        if isinstance(layer, layers.Conv2D | layers.DepthwiseConv2D | layers.SeparableConv2D):
            self._check_padding(layer, inputs)
            return sources[0] * _step(layer.strides, layer)
        return max(sources)

    def _check_padding(self, layer, inputs):
        """Refuse a convolution that loses pixels; one after a padding layer does not."""
        before = self.nodes[inputs[0]]
        padded = layer.padding == "same" or set(layer.kernel_size) == {1}
        if not padded and before.kind != "ZeroPadding2D":
            raise ValueError(_narrower(layer))


def patch_values(model):
    """Count the values alive at once while a network of fixed sides predicts one patch.

    Parameters
    ----------
    model : keras.Model
        Functional, of fixed sides.

    Returns
    -------
    int
        Those of all layers together: an upper limit.
    """
    outputs = [tensor for layer in model.layers for tensor in _tensors(layer.output)]
    return sum(prod(tensor.shape[1:]) for tensor in outputs)


def _tensors(tensors):
    return list(tensors) if isinstance(tensors, (list, tuple)) else [tensors]


def _kind(layer):
    return type(layer).__name__


def _step(steps, layer):
    """Stride of a layer, the same along both axes."""
    if len(set(steps)) != 1:
        raise ValueError(f"layer {layer.name} has the strides {tuple(steps)}; both must be equal")
    return int(steps[0])


def _narrower(layer):
    return (
        f"layer {layer.name} gives fewer pixels than it sees, but a segmentation has those of the "
        "slice; build the network with padding='same'"
    )
