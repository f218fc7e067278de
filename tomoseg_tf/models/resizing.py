"""Bilinear resizing of slices, with the grids that published networks have."""

from tomoseg_tf.backend import load_keras

keras = load_keras()
ops = keras.ops

GRIDS = ("corners", "half_pixel", "first_pixel")


@keras.saving.register_keras_serializable(package="tomoseg_tf")
class ResizeBilinear(keras.layers.Layer):
    """Resize a slice bilinearly to the height and width of another tensor.

    Call it as ``layer(x, reference)`` with x (B, Y, X, C) and reference
    (B, Y', X', any); it gives (B, Y', X', C). Sides may be None: they are read
    from the tensors. Where a slice shrinks it is sampled, not averaged.

    Parameters
    ----------
    grid : {"corners", "half_pixel", "first_pixel"}
        What coincides in both grids. "corners": the centres of all corner pixels, as
        in TensorFlow 1 with ``align_corners`` and in PyTorch. "half_pixel": the outer
        edges, as in TensorFlow 2. "first_pixel": the centres of the first pixels
        alone, as in TensorFlow 1 by default.
    **kwargs
        Of `keras.layers.Layer`, such as ``name`` and ``dtype``.
    """

    def __init__(self, grid="corners", **kwargs):
        super().__init__(**kwargs)
        if grid not in GRIDS:
            raise ValueError(f"grid {grid!r} is none of {', '.join(GRIDS)}")
        self.grid = grid

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
        if self.grid == "corners":
            step = ops.maximum(target - 1, 1)
            place = new * (source - 1)
        elif self.grid == "half_pixel":
            step = 2 * target
            place = ops.maximum((2 * new + 1) * source - target, 0)
        else:
            step = target
            place = new * source
        place = ops.minimum(place, (source - 1) * step)
        distance = ops.cast(ops.abs(place - old * step), "float32") / ops.cast(step, "float32")
        return ops.cast(ops.relu(1 - distance), self.compute_dtype)

    def compute_output_shape(self, x_shape, reference_shape):
        """Take the sides of the reference and the rest of x."""
        return (x_shape[0], *reference_shape[1:3], x_shape[3])

    def get_config(self):
        """Give the arguments that build this layer again."""
        return {**super().get_config(), "grid": self.grid}
