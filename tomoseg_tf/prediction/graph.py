"""The inference graph of a Keras model: nodes with batch normalisation folded in."""

from dataclasses import replace

from tomoseg_tf.backend import load_keras
from tomoseg_tf.prediction.geometry import CONVOLUTION, EXPANSION, INPUT, POINTWISE, Node
from tomoseg_tf.prediction.layer_nodes import find_node, folded, is_crop, is_identity, is_pointwise


def inference_graph(model, *, axes="ZYX"):
    """Turn a functional Keras model into the nodes of its inference graph.

    Batch normalisation and activation join the convolution before them, where nothing
    else takes what it gives; elsewhere they are steps of their own. Dropout and
    identities vanish.

    Parameters
    ----------
    model : keras.Model
        Functional model of one input and one output, of volumes, or of slices, which
        count as volumes of depth 1: convolutions of odd side and stride 1 with
        "same" padding, batch normalisation, rectifiers, pooling by its own size,
        nearest or linear up-sampling, transposed convolutions whose cells stand side by
        side or whose result is cropped, sums and concatenations.
    axes : str
        Axis order that the weights were fitted in: "ZYX" or "XYZ". The kernels
        of the latter are transposed, which equals transposing the volume.

    Returns
    -------
    list of Node
        Nodes in the order of computing; the last is the result.

    Raises
    ------
    ValueError
        If the model holds a layer that cannot be computed tile by tile.
    """
    if axes not in ("ZYX", "XYZ"):
        raise ValueError(f"axes must be ZYX or XYZ, got {axes!r}")
    walk = _Walk(model)
    for layer in model.layers:
        walk.visit(layer)
    for node in walk.nodes:
        _check_cells(node)
    return [_transposed(node) for node in walk.nodes] if axes == "XYZ" else walk.nodes


class _Walk:
    """Nodes of the layers visited so far."""

    def __init__(self, model):
        self.keras = load_keras()
        self.nodes, self.places = [], {}
        self.users = self._count_users(model)

    def _count_users(self, model):
        """Count the layers that take each tensor, through identities too."""
        same, users = {}, {}
        for layer in model.layers:
            sources = _sources(layer)
            if is_identity(self.keras, layer):
                same[id(layer.output)] = same.get(id(sources[0]), id(sources[0]))
                continue
            for tensor in sources:
                key = same.get(id(tensor), id(tensor))
                users[key] = users.get(key, 0) + 1
        return {**users, **{key: users.get(root, 0) for key, root in same.items()}}

    def visit(self, layer):
        """Add the node of a layer, or change that before it."""
        if isinstance(layer, self.keras.layers.InputLayer):
            node = Node(INPUT, layer.name, (), layer.output.shape[-1], (1, 1, 1))
            _check_channels(node)
            self._add(layer, node)
            return
        sources = _sources(layer)
        inputs = tuple(self.places[id(tensor)] for tensor in sources)
        before = self.nodes[inputs[0]]
        alone = self.users[id(sources[0])] == 1
        if is_identity(self.keras, layer):
            self.places[id(layer.output)] = inputs[0]
        elif is_crop(layer):
            self._crop(layer, inputs, alone)
        elif is_pointwise(self.keras, layer):
            if not (alone and before.kind in (CONVOLUTION, POINTWISE) and not before.activation):
                before = Node(POINTWISE, layer.name, inputs[:1], before.channels, before.factor)
                self._add(layer, before)
            place = self.places.setdefault(id(layer.output), inputs[0])
            self.nodes[place] = folded(self.keras, before, layer)
        else:
            self._add(layer, find_node(self.keras, layer, inputs, self.nodes))

    def _add(self, layer, node):
        self.places[id(layer.output)] = len(self.nodes)
        self.nodes.append(node)

    def _crop(self, layer, inputs, alone):
        """Mark an expansion as cut to the sides of another tensor."""
        place, reference = inputs
        node = self.nodes[place]
        if node.kind != EXPANSION or not alone or node.factor != self.nodes[reference].factor:
            raise ValueError(
                f"cannot predict by tiles: layer {layer.name} crops something else than a "
                "transposed convolution to the sides that were pooled"
            )
        self.nodes[place] = replace(node, cropped=True)
        self.places[id(layer.output)] = place


def _sources(layer):
    return layer.input if isinstance(layer.input, list) else [layer.input]


def _check_channels(node):
    if node.channels not in (1, 3):
        raise ValueError(
            f"the network takes {node.channels} channels, but a volume has one grey channel, "
            "which can be repeated to 3"
        )


def _check_cells(node):
    """Refuse overlapping cells that nothing crops: they give more than the volume has."""
    if node.kind == EXPANSION and node.step != node.window and not node.cropped:
        raise ValueError(
            f"cannot predict by tiles: layer {node.name} is no linear transposed convolution "
            "whose cells stand side by side"
        )


def _transposed(node):
    """Turn a node fitted on volumes (X, Y, Z) into one for (Z, Y, X)."""
    kernel = node.kernel
    if kernel is not None and kernel.ndim == 5:
        kernel = kernel.transpose(2, 1, 0, 3, 4)
    return replace(
        node,
        kernel=kernel,
        window=node.window[::-1],
        factor=node.factor[::-1],
        step=node.step[::-1],
        dilation=node.dilation[::-1],
    )
