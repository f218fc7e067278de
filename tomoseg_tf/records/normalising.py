"""Normalisation in the graph, equal to that of `tomoseg_tf.volume` in NumPy."""

from tomoseg_tf.records.schema import tf, to_float64


def make_normaliser(records, normalisation):
    """Make the function that normalises the crops of a folder of records.

    Parameters
    ----------
    records : Records
        An opened folder; its sources hold the statistics of the whole volumes.
    normalisation : Normalisation
        Method, and whose statistics are used in training: "volume" or "patch".

    Returns
    -------
    callable
        ``normalise(crop, source)``: a (Z, Y, X) tensor as `schema.decode` gives it and the
        index of its source to a tensor of float32. What is constant becomes zeros.

    Raises
    ------
    ValueError
        If a percentile was not measured when the records were written.
    """
    if normalisation.training == "patch" and normalisation.method != "none":
        return lambda crop, source: _by_patch(to_float64(crop, records.dtype), normalisation)
    mappings = [normalisation.intensity(source.statistics) for source in records.sources]
    shifts = tf.constant([mapping.shift for mapping in mappings], tf.float64)
    scales = tf.constant([mapping.scale for mapping in mappings], tf.float64)
    clip = mappings[0].clip

    def normalise(crop, source):
        grey = to_float64(crop, records.dtype)
        return _map(grey, tf.gather(shifts, source), tf.gather(scales, source), clip)

    return normalise


def _by_patch(grey, normalisation):
    """Normalise by the statistics of the crop itself."""
    if normalisation.method == "zscore":
        mean = tf.reduce_mean(grey)
        constant = tf.reduce_min(grey) == tf.reduce_max(grey)
        std = tf.sqrt(tf.reduce_mean(tf.square(grey - mean)))
        return _map(grey, mean, tf.where(constant, tf.zeros_like(std), std), clip=False)
    if normalisation.method == "minmax":
        low, high = tf.reduce_min(grey), tf.reduce_max(grey)
        return _map(grey, low, high - low, clip=False)
    ordered = tf.sort(tf.reshape(grey, [-1]))
    low, high = (_percentile(ordered, p) for p in (normalisation.low, normalisation.high))
    return _map(grey, low, high - low, clip=True)


def _percentile(ordered, percent):
    """Percentile of sorted values, as `numpy.percentile` defines it ("linear")."""
    position = percent / 100 * (ordered.shape[0] - 1)
    below = min(int(position), ordered.shape[0] - 1)
    above = min(below + 1, ordered.shape[0] - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (position - below)


def _map(grey, shift, scale, clip):
    """Map grey values to ``(grey - shift) / scale``; a scale of 0 gives zeros."""
    values = tf.math.divide_no_nan(grey - shift, scale)
    if clip:
        values = tf.clip_by_value(values, 0.0, 1.0)
    return tf.cast(values, tf.float32)
