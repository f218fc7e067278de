import numpy as np
import pytest

from tomoseg_tf.volume.spacing import as_rational, micrometres


@pytest.mark.parametrize(
    ("unit", "length"),
    [
        ("um", 1),
        ("µm", 1),
        ("\u03bcm", 1),
        ("\\u00B5m", 1),
        ("micron", 1),
        ("Microns", 1),
        ("micrometers", 1),
        ("nm", 1e-3),
        ("mm", 1e3),
        ("cm", 1e4),
        ("inch", 25400),
        ("inches", 25400),
        ("Å", 1e-4),
    ],
)
def test_lengths_of_units(unit, length):
    assert micrometres(unit) == length


@pytest.mark.parametrize("unit", [None, "", " ", "pixel", "pixels", "voxel", "sec"])
def test_what_is_no_length_has_none(unit):
    assert micrometres(unit) is None


@pytest.mark.parametrize("value", [1 / 0.02933, 1 / 3, 0.65, 1e6, 1e-6, 123456.789, 4e9, 1e-9])
def test_rational_is_within_a_millionth_and_fits_32_bits(value):
    numerator, denominator = as_rational(value)
    assert 0 < numerator < 2**32
    assert 0 < denominator < 2**32
    np.testing.assert_allclose(numerator / denominator, value, rtol=1e-6)


@pytest.mark.parametrize("value", [1e10, 1e-12])
def test_number_that_no_tag_holds_is_refused(value):
    with pytest.raises(ValueError, match="cannot be stored in a TIFF tag"):
        as_rational(value)
