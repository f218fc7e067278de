"""Linear up-sampling of slices and volumes by 2, as PyTorch and TensorFlow 2 do it."""

from tomoseg_tf.backend import load_keras

keras = load_keras()
ops = keras.ops


@keras.saving.register_keras_serializable(package="tomoseg_tf")
class LinearUpSampling(keras.layers.Layer):
    """Double the sides of a tensor by linear interpolation; the outer edges coincide.

    It gives what ``align_corners=False`` gives in PyTorch and half-pixel centres in
    TensorFlow 2: each voxel becomes two, a quarter of its width to either side.

    Parameters
    ----------
    size : tuple of int
        2 for the axes that are doubled and 1 for the others; one number per side.
    **kwargs
        Of `keras.layers.Layer`, such as ``name`` and ``dtype``.
    """

    def __init__(self, size, **kwargs):
        super().__init__(**kwargs)
        if set(size) - {1, 2}:
            raise ValueError(f"size {tuple(size)} must be 1 or 2 along each axis")
        self.size = tuple(size)

    def call(self, x):
        """Up-sample x (B, ..., C)."""
        return double(x, self.size)

    def compute_output_shape(self, shape):
        """Multiply the sides."""
        sides = (
            None if side is None else side * times
            for side, times in zip(shape[1:-1], self.size, strict=True)
        )
        return (shape[0], *sides, shape[-1])

    def get_config(self):
        """Give the arguments that build this layer again."""
        return {**super().get_config(), "size": self.size}


def double(x, size):
    """Double axes of a tensor by linear interpolation, the first and last voxel held.

    Parameters
    ----------
    x : (B, ..., C) tensor
        Values.
    size : tuple of int
        2 for the axes that are doubled and 1 for the others.

    Returns
    -------
    (B, ..., C) tensor
    """
    for axis, times in enumerate(size, start=1):
        if times == 2:
            x = _double(x, axis)
    return x


def _double(x, axis):
    def part(start, stop):
        return x[(*(slice(None),) * axis, slice(start, stop))]

    before = ops.concatenate([part(0, 1), part(0, -1)], axis=axis)
    after = ops.concatenate([part(1, None), part(-1, None)], axis=axis)
    pairs = ops.stack([0.25 * before + 0.75 * x, 0.75 * x + 0.25 * after], axis=axis + 1)
    sides = list(ops.shape(x))
    sides[axis] = 2 * sides[axis]
    return ops.reshape(pairs, sides)
