"""What one image record holds: a patch of one slice and its truth, under DeepLab's names.

The names are those of DeepLab's input files [1]_, which the parsers of TensorFlow's Model Garden
read: they decode the image to 8 bits and three channels, and the truth to one.

====================================  ======  ==================================================
feature                               kind    value
====================================  ======  ==================================================
``image/encoded``                     bytes   PNG, grey: 8 bits for uint8, else 16
``image/filename``                    bytes   source and origin, as ``000_z00012_y00000_x00064``
``image/format``                      bytes   ``png``
``image/height``, ``image/width``     int64   sides of the patch
``image/channels``                    int64   1
``image/segmentation/class/encoded``  bytes   PNG, grey, 8 bits: class of each voxel, 255 = ignore
``image/segmentation/class/format``   bytes   ``png``
``image/offset``, ``image/scale``     float   grey value = offset + scale * level of the PNG; in
                                              full precision in ``manifest.json``
``source``, ``origin``, ``counts``            as in records of volumes, see `schema`
``sample``                            bytes   the same, missing where every voxel is the sample
====================================  ======  ==================================================

References
----------
.. [1] L.-C. Chen et al., "Encoder-Decoder with Atrous Separable Convolution for Semantic Image
   Segmentation", ECCV 2018. arXiv:1802.02611
"""

from tomoseg_tf.records.levels import bits_of
from tomoseg_tf.records.schema import integers, serialise, text, tf

IMAGE, TRUTH = "image/encoded", "image/segmentation/class/encoded"
COMPRESSION = 3  # a third of the time of the default for a tenth more bytes


def encode_image(volume, truth, *, origin, source, counts, levels, inside=None):
    """Serialise a patch of one slice.

    Parameters
    ----------
    volume : (1, Y, X) ndarray
        Grey values of any integer or float type.
    truth : (1, Y, X) ndarray of uint8
        Class of each voxel, 255 = ignore.
    origin, source, counts, inside
        As for `schema.encode`.
    levels : sequence of Levels
        Levels of each source volume.

    Returns
    -------
    bytes
        Serialised `tf.train.Example`.
    """
    level = levels[source]
    _, height, width = volume.shape
    z, y, x = origin
    features = {
        IMAGE: text(_png(level.of(volume))),
        "image/filename": text(f"{source:03d}_z{z:05d}_y{y:05d}_x{x:05d}".encode()),
        "image/format": text(b"png"),
        "image/height": integers([height]),
        "image/width": integers([width]),
        "image/channels": integers([1]),
        TRUTH: text(_png(truth)),
        "image/segmentation/class/format": text(b"png"),
        "image/offset": _float(level.offset),
        "image/scale": _float(level.scale),
        "source": integers([source]),
        "origin": integers(origin),
        "counts": integers(counts),
    }
    return serialise(features, inside)


def decode_image(record, patch, dtype):
    """Parse an image record in the graph.

    Parameters
    ----------
    record : () tensor of string
        Serialised example.
    patch : tuple of three int
        Sides of the patches, (1, Y, X).
    dtype : str
        NumPy name of the type of the source volumes.

    Returns
    -------
    levels : (1, Y, X) tensor of uint8 or uint16
        Levels of the PNG; the grey values are offset + scale of the source times these.
    truth : (1, Y, X) tensor of uint8
        Class of each voxel.
    source : () tensor of int64
        Index of the source volume.
    """
    spec = {
        IMAGE: tf.io.FixedLenFeature((), tf.string),
        TRUTH: tf.io.FixedLenFeature((), tf.string),
        "source": tf.io.FixedLenFeature((), tf.int64),
    }
    features = tf.io.parse_single_example(record, spec)
    kind = tf.dtypes.as_dtype(bits_of(dtype))
    levels = tf.io.decode_png(features[IMAGE], channels=1, dtype=kind)
    truth = tf.io.decode_png(features[TRUTH], channels=1)
    return tf.reshape(levels, patch), tf.reshape(truth, patch), features["source"]


def _png(image):
    """Encode a (1, Y, X) array as PNG."""
    return tf.io.encode_png(image[0, ..., None], compression=COMPRESSION).numpy()


def _float(value):
    return tf.train.Feature(float_list=tf.train.FloatList(value=[value]))
