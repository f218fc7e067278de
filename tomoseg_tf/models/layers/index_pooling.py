"""Maximum pooling that remembers where the maxima stood, and the unpooling that puts them back."""

from tomoseg_tf.backend import load_keras

keras = load_keras()
ops = keras.ops

LAST = "channels_last"


@keras.saving.register_keras_serializable(package="tomoseg_tf")
class IndexPooling2D(keras.layers.Layer):
    """Take the maximum of each window of 2 by 2 pixels, and say which pixel it was.

    An odd side is rounded up, as in Caffe: its last windows have fewer pixels.

    Call arguments
    --------------
    x : (B, Y, X, C) tensor of float

    Returns
    -------
    maxima : (B, ceil(Y/2), ceil(X/2), C) tensor of float
    index : tensor of the same shape and type
        0, 1, 2, 3 for the first, second (to the right), third (below) and fourth
        pixel of the window; the first of equal ones. A float, because integers
        are slow on some devices.
    """

    def call(self, x):
        """Pool; see the class."""
        maxima = ops.max_pool(x, 2, strides=2, padding="same", data_format=LAST)
        right = ops.pad(x, ((0, 0), (0, 0), (0, 1), (0, 0)), constant_values=-float("inf"))
        below = ops.pad(x, ((0, 0), (0, 1), (0, 0), (0, 0)), constant_values=-float("inf"))
        later = [
            ops.cast(ops.not_equal(pixel, maxima), maxima.dtype)
            for pixel in (x[:, ::2, ::2], right[:, ::2, 1::2], below[:, 1::2, ::2])
        ]
        index = later[0] * (1 + later[1] * (1 + later[2]))
        return maxima, index


@keras.saving.register_keras_serializable(package="tomoseg_tf")
class IndexUnpooling2D(keras.layers.Layer):
    """Put each pixel back to where the maximum of its window stood; the others are 0.

    Call arguments
    --------------
    inputs : list of three tensors
        What to put, (B, Y, X, C); the index of `IndexPooling2D`, of the same
        shape; and a tensor of the height and width that were pooled.

    Returns
    -------
    tensor
        (B, height, width, C).
    """

    def call(self, inputs):
        """Unpool; see the class."""
        x, index, pooled = inputs
        rows, columns, channels = ops.shape(x)[1], ops.shape(x)[2], x.shape[3]
        window = ops.reshape(ops.cast(ops.arange(4), index.dtype), (1, 1, 2, 1, 2, 1))
        chosen = ops.equal(index[:, :, None, :, None], window)
        spread = x[:, :, None, :, None] * ops.cast(chosen, x.dtype)
        spread = ops.reshape(spread, (-1, 2 * rows, 2 * columns, channels))
        return spread[:, : ops.shape(pooled)[1], : ops.shape(pooled)[2]]
