"""Changes of the grey values of a crop in the graph, which leave its truth alone."""

from tomoseg_tf.records.schema import tf

POISSON = 0x706F6973  # folded into the seed, so that the other changes keep their random numbers
FEWEST = 1e-6  # relative noise that changes nothing any more


def change_grey(image, augmentation, seed):
    """Change contrast and brightness of a crop and add noise.

    Parameters
    ----------
    image : (Z, Y, X) tensor of float32
        Normalised grey values.
    augmentation : Augmentation
        How much at most.
    seed : (2,) tensor of int64
        Seed.

    Returns
    -------
    (Z, Y, X) tensor of float32
        Changed grey values.
    """
    spread, add, amount, where = tf.unstack(tf.random.split(seed, 4))
    if tuple(augmentation.contrast) != (1.0, 1.0):
        mean = tf.reduce_mean(image)
        image = mean + (image - mean) * _uniform(spread, *augmentation.contrast)
    if augmentation.brightness:
        image += _uniform(add, -augmentation.brightness, augmentation.brightness)
    if augmentation.poisson:
        share, counts = tf.unstack(tf.random.split(tf.random.fold_in(seed, POISSON), 2))
        image = count_photons(image, _uniform(share, FEWEST, augmentation.poisson), counts)
    if augmentation.noise:
        std = _uniform(amount, 0.0, augmentation.noise)
        image += std * tf.random.stateless_normal(image.shape, where)
    return image


def count_photons(image, relative, seed):
    """Replace grey values by what as many photons, counted, would show.

    The darkest voxel counts 0, and one of the mean grey value ``1 / relative**2`` on average. The
    counts are drawn by the first terms of the expansion of Cornish and Fisher [1]_, whose mean,
    variance and skewness are those of Poisson's distribution; TensorFlow's own exact draws take
    twenty times as long.

    Parameters
    ----------
    image : (Z, Y, X) tensor of float32
        Grey values.
    relative : () tensor or float
        Relative noise at the mean, above 0.
    seed : (2,) tensor of int64
        Seed.

    Returns
    -------
    (Z, Y, X) tensor of float32
        Noisy grey values; a constant image stays as it is.

    References
    ----------
    .. [1] E. A. Cornish, R. A. Fisher, "Moments and cumulants in the specification of
       distributions", Rev. Inst. Int. Stat. 5, 307-320, 1938. doi:10.2307/1400905
    """
    low = tf.reduce_min(image)
    photon = (tf.reduce_mean(image) - low) * tf.square(relative)
    expected = tf.math.divide_no_nan(image - low, photon)
    normal = tf.random.stateless_normal(image.shape, seed)
    counts = expected + tf.sqrt(expected) * normal + (tf.square(normal) - 1) / 6
    return low + photon * tf.where(expected > 0, tf.nn.relu(counts), 0.0)


def _uniform(seed, low, high):
    """Draw one number from `low` to `high`."""
    return tf.random.stateless_uniform([], seed, minval=low, maxval=high)
