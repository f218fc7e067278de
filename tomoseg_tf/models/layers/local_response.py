"""Local response normalisation of Krizhevsky et al. (2012)."""

from tomoseg_tf.backend import load_keras

keras = load_keras()
ops = keras.ops


@keras.saving.register_keras_serializable(package="tomoseg_tf")
class LocalResponseNormalization(keras.layers.Layer):
    r"""Divide each value by what its channel and the two on either side hold there.

    .. math:: y_c = x_c \left(1 + \frac{\alpha}{5} \sum_{|i - c| \le 2} x_i^2\right)^{-\beta}

    with the constants of Caffe, :math:`\alpha = 10^{-4}` and :math:`\beta = 0.75`.

    References
    ----------
    .. [1] A. Krizhevsky, I. Sutskever, G. E. Hinton, "ImageNet classification with
       deep convolutional neural networks", NeurIPS 2012.
    """

    def call(self, x):
        """Normalise x, (..., channels)."""
        channels = x.shape[-1]
        squares = ops.square(ops.cast(x, "float32"))  # 255² is too much for float16
        padded = ops.pad(squares, [(0, 0)] * (len(x.shape) - 1) + [(2, 2)])
        energy = sum(padded[..., shift : shift + channels] for shift in range(5))
        factor = ops.power(1 + (1e-4 / 5) * energy, -0.75)
        return ops.cast(ops.cast(x, "float32") * factor, x.dtype)
