"""Bilinear resizing of slices, with the grids of two generations of TensorFlow."""

from tomoseg_tf.backend import load_keras

keras = load_keras()
ops = keras.ops


@keras.saving.register_keras_serializable(package="tomoseg_tf")
class ResizeBilinear(keras.layers.Layer):
    """Resize a slice bilinearly to the height and width of another tensor.

    Call it as ``layer(x, reference)`` with x (B, Y, X, C) and reference
    (B, Y', X', any); it gives (B, Y', X', C). Sides may be None: they are read
    from the tensors. Where a slice shrinks it is sampled, not averaged.

    Parameters
    ----------
    align_corners : bool
        True: the centres of the corner pixels of both grids coincide, as in
        TensorFlow 1 with this name and in PyTorch. False: the outer edges do
        (half-pixel centres), as in TensorFlow 2.
    **kwargs
        Of `keras.layers.Layer`, such as ``name`` and ``dtype``.
    """

    def __init__(self, align_corners=True, **kwargs):
        super().__init__(**kwargs)
        self.align_corners = align_corners

    def call(self, x, reference):
        """Resize x (B, Y, X, C) to the sides of reference (B, Y', X', any)."""
        batch, height, width, channels = ops.shape(x)
        new_height, new_width = ops.shape(reference)[1:3]
        x = ops.matmul(self._weights(width, new_width), x)
        x = ops.reshape(x, (batch, height, new_width * channels))
        x = ops.matmul(self._weights(height, new_height), x)
        return ops.reshape(x, (batch, new_height, new_width, channels))

    def _weights(self, source, target):
        """Tell (target, source) how much each pixel gives to each new one."""
        new = ops.arange(target, dtype="int32")[:, None]
        old = ops.arange(source, dtype="int32")[None]
        # In whole numbers, so that a new pixel that falls on an old one takes exactly its value.
        if self.align_corners:
            step = ops.maximum(target - 1, 1)
            place = new * (source - 1)
        else:
            step = 2 * target
            place = ops.maximum((2 * new + 1) * source - target, 0)
            place = ops.minimum(place, (source - 1) * step)
        distance = ops.cast(ops.abs(place - old * step), "float32") / ops.cast(step, "float32")
        return ops.cast(ops.relu(1 - distance), self.compute_dtype)

    def compute_output_shape(self, x_shape, reference_shape):
        """Take the sides of the reference and the rest of x."""
        return (x_shape[0], *reference_shape[1:3], x_shape[3])

    def get_config(self):
        """Give the arguments that build this layer again."""
        return {**super().get_config(), "align_corners": self.align_corners}
