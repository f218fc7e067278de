"""The memory that a 2D network takes for what is alive at once while it predicts.

Steps are known by the class of their Keras layer. What each takes was read off the memory of
TensorFlow on a processor: `benchmarks/predict_slices.py` prints what is expected here beside
what a process took.
"""

from math import ceil

from tomoseg_tf.prediction.geometry import last_uses

COPIED = {  # the libraries take their operands in an order of their own
    "Conv2D",
    "Conv2DTranspose",
    "DepthwiseConv2D",
    "SeparableConv2D",
}
IN_PLACE = {
    "Activation",
    "Add",
    "BatchNormalization",
    "Dropout",
    "LeakyReLU",
    "ReLU",
    "SpatialDropout2D",
}
IN_FLOAT32 = {  # in the lower precisions too
    "BatchNormalization",
    "LinearResize",
    "LinearUpSampling",
    "ResizeBilinear",
    "UpSampling2D",
}


def slice_memory(nodes, height, width, value_bytes):
    """Estimate what whole slices take inside a network.

    Parameters
    ----------
    nodes : list of Node
        Those of a `tomoseg_tf.prediction.slice_graph.SliceGraph`.
    height, width : int
        Sides of a padded slice.
    value_bytes : int
        Bytes per value.

    Returns
    -------
    int
        Most bytes at once for one slice: the tensors that are still needed, and what the step
        itself takes beside them.
    """
    sizes = [value_bytes * node.channels * _pixels(node, height, width) for node in nodes]
    last = last_uses(nodes)
    taken = []
    for index, node in enumerate(nodes):
        alive = sum(sizes[made] for made in range(index + 1) if last[made] >= index)
        operands = sizes[index] + sum(sizes[source] for source in node.inputs)
        if value_bytes < 4 and node.kind in IN_FLOAT32:
            alive += operands * 4 // value_bytes
        elif node.kind in COPIED:
            alive += operands
        elif node.kind in IN_PLACE:
            freed = [sizes[source] for source in node.inputs if last[source] == index]
            alive -= min(sizes[index], max(freed, default=0))
        taken.append(alive)
    return max(taken)


def _pixels(node, height, width):
    """Pixels of a node's tensor; 1 if they do not grow with the slice."""
    factor = node.factor[1]
    return ceil(height / factor) * ceil(width / factor) if factor else 1


def weights_memory(model, value_bytes=4):
    """Estimate what the weights of a network take once more while it predicts.

    Parameters
    ----------
    model : keras.Model
        Any.
    value_bytes : int
        Bytes per value inside the network.

    Returns
    -------
    int
        Bytes: of a copy in float32, and of another for weights that are cast.
    """
    return 4 * model.count_params() * (1 if value_bytes == 4 else 2)
