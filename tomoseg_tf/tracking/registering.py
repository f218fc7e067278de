"""Registration of a scan to the one before, on thinned volumes."""

import numpy as np

from tomoseg_tf.tracking.rigid import Rigid
from tomoseg_tf.volume import good_voxels

WAYS = ("none", "shift", "rigid")
THINNED = 2**21  # voxels, about, of a thinned volume
SAMPLED = 0.25  # share of the thinned voxels that a rotation is found from
TENTHS = 10  # shifts are found to a tenth of a thinned voxel


def thin(volume, blocks, *, classes=False):
    """Thin a volume to means over blocks, slab by slab.

    Parameters
    ----------
    volume : Volume
        Grey levels, or classes.
    blocks : tuple of three int
        Sides of a block in voxels; what is left over at the high ends is cut off.
    classes : bool
        Whether to take the share of voxels that are of any class above 0, 255 excepted.

    Returns
    -------
    (z, y, x) ndarray of float32
        Means; of grey levels without NaN and what is outside the reconstruction circle, where no
        voxel of a block is left the mean of all blocks.
    """
    depth = blocks[0]
    sides = [side // block for side, block in zip(volume.shape, blocks, strict=True)]
    thinned = np.empty(sides, np.float32)
    for z in range(sides[0]):
        slab = volume.read(z * depth, (z + 1) * depth)
        if classes:
            thinned[z] = _block_sums((slab > 0) & (slab < 255), blocks, sides) / np.prod(blocks)
            continue
        good = good_voxels(volume, slab)
        numbers = _block_sums(good, blocks, sides)
        sums = _block_sums(np.where(good, slab, 0), blocks, sides)
        thinned[z] = np.where(numbers > 0, sums / np.maximum(numbers, 1), np.nan)
    known = np.isfinite(thinned)
    return np.where(known, thinned, thinned[known].mean() if known.any() else np.float32(0))


def _block_sums(slab, blocks, sides):
    """Sum over the blocks of a slab of their depth: (y, x) ndarray of float64."""
    plane = slab.sum(axis=0, dtype=np.float64)
    plane = plane[: sides[1] * blocks[1], : sides[2] * blocks[2]]
    return plane.reshape(sides[1], blocks[1], sides[2], blocks[2]).sum(axis=(1, 3))


def block_sides(shape):
    """Sides of the blocks that leave about two million voxels.

    Parameters
    ----------
    shape : tuple of three int
        Shape (Z, Y, X) of a volume.

    Returns
    -------
    tuple of three int
        Equal, but along a side that is shorter.
    """
    factor = max(1, int(np.ceil(np.cbrt(np.prod(shape, dtype=float) / THINNED))))
    return tuple(min(factor, side) for side in shape)


def register(before, after, *, way, blocks=(1, 1, 1), spacing=None):
    """Find the rigid motion of a sample between two thinned scans.

    A shift is where the correlation of both is highest; from there on a rotation is found by
    SimpleITK, where the mean square of their difference is least, from coarse to fine.

    Parameters
    ----------
    before, after : (z, y, x) ndarray of float32
        Thinned scans of one shape.
    way : str
        "none", "shift" or "rigid".
    blocks : tuple of three int
        Sides of the blocks, in voxels, of which they are means.
    spacing : tuple of three float, optional
        Size of a voxel along (z, y, x).

    Returns
    -------
    Rigid
        From places after to places before.

    Raises
    ------
    ValueError
        If the way is none, or it is rigid and SimpleITK is missing.
    """
    size = tuple(map(float, spacing or (1, 1, 1)))
    if way not in WAYS:
        raise ValueError(f"register is {way!r}; choose none, shift or rigid")
    if way == "none" or not (np.ptp(before) and np.ptp(after)):
        return Rigid(size=size)
    from skimage.registration import phase_cross_correlation  # takes long to import

    shift, _, _ = phase_cross_correlation(
        before - before.mean(), after - after.mean(), upsample_factor=TENTHS, normalization=None
    )
    found = Rigid(offset=shift * np.multiply(blocks, size), size=size)
    return found if way == "shift" else _turned(before, after, blocks, found)


def check_way(way):
    """Refuse a way of registration that is none, or whose package is missing.

    Parameters
    ----------
    way : str
        "none", "shift" or "rigid".

    Raises
    ------
    ValueError
        If it cannot be used.
    """
    if way not in WAYS:
        raise ValueError(f"register is {way!r}; choose none, shift or rigid")
    if way == "rigid":
        _load_sitk()


def _turned(before, after, blocks, start):
    """Improve a shift to a rigid motion by SimpleITK."""
    sitk = _load_sitk()
    size = np.array(start.size)
    steps, first = np.multiply(blocks, size), (np.array(blocks) - 1) / 2 * size
    unit = steps.min()  # the steps of the search are lengths of thinned voxels
    images = []
    for array in (after, before):
        image = sitk.GetImageFromArray(np.ascontiguousarray(array, np.float32))
        image.SetSpacing((steps / unit)[::-1].tolist())
        image.SetOrigin((first / unit)[::-1].tolist())
        images.append(image)
    motion = sitk.Euler3DTransform()
    middle = (first + (np.array(after.shape) - 1) / 2 * steps) / unit
    motion.SetCenter(middle[::-1].tolist())
    motion.SetTranslation((start.offset / unit)[::-1].tolist())
    search = sitk.ImageRegistrationMethod()
    search.SetMetricAsMeanSquares()
    search.SetMetricSamplingStrategy(search.REGULAR)
    search.SetMetricSamplingPercentage(SAMPLED)
    search.SetInterpolator(sitk.sitkLinear)
    search.SetOptimizerAsRegularStepGradientDescent(
        0.5, 0.01, 60, relaxationFactor=0.6, gradientMagnitudeTolerance=1e-12
    )
    search.SetOptimizerScalesFromPhysicalShift()
    search.SetShrinkFactorsPerLevel([1, 1])
    search.SetSmoothingSigmasPerLevel([2, 1])
    search.SetSmoothingSigmasAreSpecifiedInPhysicalUnits(False)
    search.SetInitialTransform(motion, inPlace=True)
    search.Execute(*images)
    matrix = np.array(motion.GetMatrix()).reshape(3, 3)[::-1, ::-1]
    moved = np.array(motion.GetTranslation())[::-1]
    return Rigid(matrix, unit * (middle + moved - matrix @ middle), start.size)


def _load_sitk():
    """Import SimpleITK, which is no dependency of all else."""
    try:
        import SimpleITK
    except ImportError as error:
        raise ValueError(
            "register rigid needs the package SimpleITK; pip install 'tomoseg-tf[register]', or "
            "register by a shift"
        ) from error
    return SimpleITK
