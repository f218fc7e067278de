import numpy as np
import pytest

from tomoseg_tf.volume import as_volume, open_truth
from tomoseg_tf.volume.truth.unmapped import count_levels, propose_palette


def error(array, palette="auto"):
    truth = open_truth(array, palette)
    with pytest.raises(ValueError, match="palette") as caught:
        truth.read(0, truth.shape[0])
    return str(caught.value)


def volume(*levels, each=2000):
    return np.repeat(levels, each).reshape(1, len(levels), each)


@pytest.mark.parametrize(
    ("levels", "palette"),
    [
        ([0, 64, 128, 255], "'0:0,64:1,128:2,255:3'"),
        ([0, 37], "'0:0,37:1'"),
        ([0, 1, 2, 300], "'0:0,1:1,2:2,300:3'"),
        ([-5, 7], "'-5:0,7:1'"),
    ],
)
def test_gapped_levels_are_refused_with_a_palette_that_maps_them(levels, palette):
    array = volume(*levels)
    text = error(array)
    assert "auto reads 0 to 31 as classes" in text
    assert palette in text
    proposed = open_truth(array, palette.strip("'"))
    assert proposed.read(0, 1)[0, :, 0].tolist() == list(range(len(levels)))


def test_stray_values_near_a_level_belong_to_it_and_others_are_ignored():
    array = volume(8218, 20184, 39207)
    array[0, 0, :3] = 8220, 9000, 30000
    text = error(array.astype(np.uint16))
    assert "20184: 2000, 39207: 2000, 8218: 1997, 8220: 1, 9000: 1, 30000: 1" in text
    palette = text.split("'")[1]
    assert palette == "8218:0,20184:1,39207:2,nearest=782,other:ignore"
    found = open_truth(array, palette).read(0, 1)
    assert found[0, 0, :4].tolist() == [0, 0, 255, 0]


def test_known_values_keep_their_class():
    array = volume(0, 128, 255)
    assert "'0:0,128:2,255:1'" in error(array, {0: 0, 255: 1})


def test_classes_may_be_proposed_under_auto_only():
    assert "or classes if each value is its class" in error(volume(0, 37))
    assert "or classes" not in error(volume(0, 300))
    assert "or classes" not in error(volume(0, 37), "mask")


def test_grey_levels_are_called_so():
    assert "250 values look like grey levels" in error(volume(*range(250), each=4))


def test_endless_different_values_are_not_counted():
    array = np.random.default_rng(0).random((3, 250, 250))
    assert count_levels(as_volume(array)) is None
    assert "more than 100,000 different values" in error(array)


def test_values_that_are_no_numbers_are_counted():
    counts = count_levels(as_volume(np.array([[[0, np.nan, np.nan, np.inf]]])))
    assert counts == {0: 1, "nan": 2, np.inf: 1}
    assert propose_palette({0: 5, "nan": 1, 0.5: 1}) == "0:0,nearest=1,other:ignore"
