"""What one volume record holds: a patch and its truth, as a `tf.train.Example`.

===========  =======  =================================================================
feature      kind     value
===========  =======  =================================================================
``volume``   bytes    voxels of the patch, C order (z, y, x), little-endian, as scanned
``dtype``    bytes    NumPy name of their type, such as ``uint16``
``shape``    3 int64  sides (z, y, x) of the patch in voxels
``origin``   3 int64  its first voxel (z, y, x) in the source volume
``source``   int64    index of the source volume in ``manifest.json``
``truth``    bytes    class of each voxel, uint8, 255 = ignore
``counts``   int64    voxels of each class, then those that are ignored
``sample``   bytes    a bit for each voxel, C order, highest first: 1 in the sample, 0
                      outside; missing where every voxel is the sample
===========  =======  =================================================================
"""

import numpy as np

from tomoseg_tf.backend import load_tensorflow

tf = load_tensorflow()

LARGEST_RECORD = 2**31 - 2**20
FRAME_BYTES = 16  # length, its checksum, checksum of the data

# uint32 and uint64 cannot be decoded by TensorFlow: they are read as signed and then reinterpreted
_READ_AS = {"uint32": tf.int32, "uint64": tf.int64}


def check_record_size(patch, dtype):
    """Check that a patch fits into one record, which protobuf limits to 2 GiB.

    Parameters
    ----------
    patch : tuple of three int
        Sides of the patch in voxels.
    dtype : dtype
        Type of the voxels.

    Returns
    -------
    int
        Bytes of the patch and its truth.

    Raises
    ------
    ValueError
        If it does not fit.
    """
    size = int(np.prod(patch, dtype=np.int64)) * (np.dtype(dtype).itemsize + 1)
    if size > LARGEST_RECORD:
        raise ValueError(
            f"a patch of {tuple(patch)} voxels of {dtype} and its truth take {size} bytes, more "
            f"than the {LARGEST_RECORD} of one record; use a smaller patch"
        )
    return size


def encode(volume, truth, *, origin, source, counts, inside=None):
    """Serialise a patch.

    Parameters
    ----------
    volume : (Z, Y, X) ndarray
        Grey values of any integer or float type.
    truth : (Z, Y, X) ndarray of uint8
        Class of each voxel, 255 = ignore.
    origin : tuple of three int
        First voxel in the source volume.
    source : int
        Index of the source volume.
    counts : (C + 1,) sequence of int
        Voxels of each class, then those that are ignored.
    inside : (Z, Y, X) ndarray of bool, optional
        Which voxels are the sample; all if not given.

    Returns
    -------
    bytes
        Serialised `tf.train.Example`.
    """
    little = np.ascontiguousarray(volume, volume.dtype.newbyteorder("<"))
    features = {
        "volume": text(little.tobytes()),
        "dtype": text(volume.dtype.name.encode()),
        "shape": integers(volume.shape),
        "origin": integers(origin),
        "source": integers([source]),
        "truth": text(np.ascontiguousarray(truth, np.uint8).tobytes()),
        "counts": integers(counts),
    }
    return serialise(features, inside)


def serialise(features, inside=None):
    """Serialise the features of a record.

    Parameters
    ----------
    features : dict from str to tf.train.Feature
        The features.
    inside : (Z, Y, X) ndarray of bool, optional
        Which voxels are the sample; all if not given.

    Returns
    -------
    bytes
        Serialised `tf.train.Example`; the same features give the same bytes.
    """
    if inside is not None:
        features = {**features, "sample": text(np.packbits(inside).tobytes())}
    example = tf.train.Example(features=tf.train.Features(feature=features))
    return example.SerializeToString(deterministic=True)  # or the order of features is by chance


def decode(record, patch, dtype):
    """Parse a record in the graph.

    Parameters
    ----------
    record : () tensor of string
        Serialised example.
    patch : tuple of three int
        Sides of the patches.
    dtype : str
        NumPy name of the type of their voxels.

    Returns
    -------
    volume : (Z, Y, X) tensor
        Voxels; those of uint32 and uint64 as their bits in int32 and int64, see `to_float64`.
    truth : (Z, Y, X) tensor of uint8
        Class of each voxel.
    source : () tensor of int64
        Index of the source volume.
    """
    spec = {
        "volume": tf.io.FixedLenFeature((), tf.string),
        "truth": tf.io.FixedLenFeature((), tf.string),
        "source": tf.io.FixedLenFeature((), tf.int64),
    }
    features = tf.io.parse_single_example(record, spec)
    kind = _READ_AS.get(dtype, tf.dtypes.as_dtype(dtype))
    volume = tf.io.decode_raw(features["volume"], kind, little_endian=True)
    truth = tf.io.decode_raw(features["truth"], tf.uint8)
    return tf.reshape(volume, patch), tf.reshape(truth, patch), features["source"]


def decode_sample(record, patch):
    """Parse in the graph which voxels of a record are the sample.

    Parameters
    ----------
    record : () tensor of string
        Serialised example.
    patch : tuple of three int
        Sides of the patches.

    Returns
    -------
    (Z, Y, X) tensor of bool
        False outside the sample.
    """
    voxels = int(np.prod(patch, dtype=np.int64))
    every = b"\xff" * -(-voxels // 8)
    spec = {"sample": tf.io.FixedLenFeature((), tf.string, default_value=every)}
    packed = tf.io.decode_raw(tf.io.parse_single_example(record, spec)["sample"], tf.uint8)
    shifts = tf.constant([7, 6, 5, 4, 3, 2, 1, 0], tf.uint8)
    bits = tf.bitwise.right_shift(packed[:, None], shifts) & 1
    return tf.reshape(tf.reshape(bits, [-1])[:voxels] == 1, patch)


def decode_origin(record):
    """Parse in the graph where the patch of a record was cut.

    Parameters
    ----------
    record : () tensor of string
        Serialised example.

    Returns
    -------
    (3,) tensor of int64
        Its first voxel (z, y, x) in the source volume.
    """
    spec = {"origin": tf.io.FixedLenFeature((3,), tf.int64)}
    return tf.io.parse_single_example(record, spec)["origin"]


def to_float64(volume, dtype):
    """Turn decoded voxels into their grey values.

    Parameters
    ----------
    volume : tensor
        Voxels as `decode` gives them.
    dtype : str
        NumPy name of their type.

    Returns
    -------
    tensor of float64
        Grey values, of the same shape.
    """
    if dtype in _READ_AS:
        volume = tf.bitcast(volume, tf.dtypes.as_dtype(dtype))
    return tf.cast(volume, tf.float64)


def text(value):
    """Make a feature of bytes.

    Parameters
    ----------
    value : bytes
        What it holds.

    Returns
    -------
    tf.train.Feature
        The feature.
    """
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))


def integers(values):
    """Make a feature of whole numbers.

    Parameters
    ----------
    values : sequence of int
        What it holds.

    Returns
    -------
    tf.train.Feature
        The feature.
    """
    return tf.train.Feature(int64_list=tf.train.Int64List(value=[int(value) for value in values]))
