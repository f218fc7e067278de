"""Normalisation in the graph, equal to that of `tomoseg_tf.volume` in NumPy."""

from tomoseg_tf.records.schema import tf, to_float64


def make_normaliser(records, normalisation):
    """Make the function that normalises the crops of a folder of records.

    Parameters
    ----------
    records : Records
        An opened folder; its sources hold the statistics of the volumes.
    normalisation : Normalisation
        Method, whose statistics are used in training ("volume" or "patch"), and whether what lies
        outside the sample is left out.

    Returns
    -------
    callable
        ``normalise(crop, source, inside=None)``: a (Z, Y, X) tensor as `schema.decode` or
        `images.decode_image` gives it, the index of its source, and a tensor of bool that says
        which voxels are the sample, to a tensor of float32. What is constant, or outside the
        sample, becomes zeros.

    Raises
    ------
    ValueError
        If a percentile was not measured when the records were written, or they do not suit what
        the normalisation says of the outside, see `Source.seen`.
    """
    statistics = [source.seen(normalisation.outside) for source in records.sources]
    if normalisation.training == "patch" and normalisation.method != "none":

        def scaled(grey, source, inside):
            return _by_patch(grey, inside, normalisation)
    else:
        mappings = [normalisation.intensity(each) for each in statistics]
        shifts = tf.constant([mapping.shift for mapping in mappings], tf.float64)
        scales = tf.constant([mapping.scale for mapping in mappings], tf.float64)
        limit = mappings[0].top if mappings[0].clip else None

        def scaled(grey, source, inside):
            return _map(grey, tf.gather(shifts, source), tf.gather(scales, source), limit)

    grey_of = _make_grey(records)

    def normalise(crop, source, inside=None):
        result = scaled(grey_of(crop, source), source, inside)
        return result if inside is None else tf.where(inside, result, tf.zeros_like(result))

    return normalise


def _make_grey(records):
    """Make the function from a decoded crop and its source to grey values in float64."""
    if records.kind == "volumes":
        return lambda crop, source: to_float64(crop, records.dtype)
    offsets = tf.constant([source.offset for source in records.sources], tf.float64)
    scales = tf.constant([source.scale for source in records.sources], tf.float64)

    def grey_of(crop, source):
        return tf.gather(offsets, source) + tf.gather(scales, source) * tf.cast(crop, tf.float64)

    return grey_of


def _by_patch(grey, inside, normalisation):
    """Normalise by the statistics of the crop itself, of its part in the sample."""
    values = grey if inside is None else _part(grey, inside)
    if normalisation.method == "zscore":
        mean = tf.reduce_mean(values)
        constant = tf.reduce_min(values) == tf.reduce_max(values)
        std = tf.sqrt(tf.reduce_mean(tf.square(values - mean)))
        return _map(grey, mean, tf.where(constant, tf.zeros_like(std), std))
    if normalisation.method == "minmax":
        low, high = tf.reduce_min(values), tf.reduce_max(values)
        return _map(grey, low, (high - low) / normalisation.top)
    ordered = tf.sort(tf.reshape(values, [-1]))
    low, high = (_percentile(ordered, p) for p in (normalisation.low, normalisation.high))
    return _map(grey, low, (high - low) / normalisation.top, normalisation.top)


def _part(grey, inside):
    """Voxels of the sample, a single 0 where there are none."""
    values = tf.boolean_mask(grey, inside)
    return tf.cond(tf.size(values) > 0, lambda: values, lambda: tf.zeros([1], grey.dtype))


def _percentile(ordered, percent):
    """Percentile of sorted values, as `numpy.percentile` defines it ("linear")."""
    last = tf.size(ordered) - 1
    position = percent / 100 * tf.cast(last, tf.float64)
    below = tf.minimum(tf.cast(position, tf.int32), last)
    above = tf.minimum(below + 1, last)
    low = tf.gather(ordered, below)
    part = position - tf.cast(below, tf.float64)
    return low + (tf.gather(ordered, above) - low) * part


def _map(grey, shift, scale, limit=None):
    """Map to ``(grey - shift) / scale``, clipped to [0, limit] if there is one; by 0 to zeros."""
    values = tf.math.divide_no_nan(grey - shift, scale)
    if limit is not None:
        values = tf.clip_by_value(values, 0.0, float(limit))
    return tf.cast(values, tf.float32)
