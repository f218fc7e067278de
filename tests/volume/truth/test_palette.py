import math

import numpy as np
import pytest

from tomoseg_tf.volume import open_truth, parse_palette

LEVELS = np.array([[[0, 3, 60, 64, 66, 127, 250, 255]]])


def classes(array, palette):
    truth = open_truth(array, palette)
    return truth.read(0, truth.shape[0]).ravel().tolist()


@pytest.mark.parametrize("dtype", ["u1", "i2", "u2", "i8", "f4"])
def test_nearest_listed_value_counts(dtype):
    palette = "0:0,64:1,127:2,255:ignore,nearest"
    assert classes(LEVELS.astype(dtype), palette) == [0, 0, 1, 1, 1, 2, 255, 255]


@pytest.mark.parametrize("dtype", ["u1", "i4", "f8"])
def test_values_further_than_the_distance_have_no_class(dtype):
    array = LEVELS.astype(dtype)
    with pytest.raises(
        ValueError,
        match=r"voxels\) 60: 1, 250: 1; give .* '0:0,60:4,64:1,127:2,250:5,255:3,nearest=3'",
    ):
        classes(array, "0:0,64:1,127:2,255:3,nearest=3")
    assert classes(array, "0:0,64:1,127:2,255:3,nearest=5") == [0, 0, 1, 1, 1, 2, 3, 3]


def test_of_two_equally_near_values_the_lower_counts():
    assert classes(np.array([[[5, 6]]]), "0:0,10:1,nearest") == [0, 1]


def test_the_rest_can_have_a_class():
    assert classes(LEVELS, "0:0,255:1,nearest=4,other:ignore") == [0, 0, *[255] * 4, 255, 1]
    assert classes(np.array([[[0, np.nan, np.inf]]]), "0:0,other:ignore,nearest") == [0, 255, 255]


def test_levels_are_classes_in_order_and_told():
    truth = open_truth(np.array([[[255, 0, 64, 64]]]), "levels")
    assert truth.read(0, 1).tolist() == [[[2, 0, 1, 1]]]
    assert truth.notices == ("its 3 levels are classes: palette 0:0,64:1,255:2",)


def test_too_many_levels_are_refused_with_a_palette():
    array = np.repeat([0, 100, 200], 2000)
    array[:40] = np.arange(40)
    with pytest.raises(ValueError, match=r"42 different values.*'0:0,100:1,200:2,nearest=39'"):
        open_truth(array.reshape(1, 6, 1000), "levels")


def test_fractions_are_no_levels():
    with pytest.raises(ValueError, match=r"no levels .* 0\.5: 1; the palette levels"):
        open_truth(np.array([[[0, 0.5, 1]]]), "levels")


@pytest.mark.parametrize(
    "text",
    [
        "0:0,128:ignore,255:1",
        "0:0,255:1,nearest",
        "0:0,255:1,nearest=20,other:ignore",
        "#ff0000:1,#00ff00:2,hue=20,clear:0,grey:0",
        "#ff0000:1,nearest=8,other:0",
        "levels",
        "inverted",
    ],
)
def test_text_and_dict_give_the_palette_again(text):
    palette = parse_palette(text)
    assert str(palette) == text
    assert parse_palette(str(palette)) == palette
    if not palette.name and palette.within < math.inf:
        assert parse_palette(dict(palette.items())) == palette


@pytest.mark.parametrize(
    ("palette", "message"),
    [
        ("nearest", "needs values or colours"),
        ("0:0,nearest=-1", "nearest needs a distance"),
        ("0:0,nearest=x", "nearest needs a distance"),
        ("#ff0000:1,hue=200", "degrees from 0 to 180"),
        ("#ff0000:1,nearest,hue", "exclude each other"),
        ("#ff0000:1,0:0", "cannot be mixed"),
        ("0:0,grey:0", "cannot be mixed"),
        ("0:0,hue", "cannot be mixed"),
        ("#808080:1,hue", "#808080 has no hue"),
        ("other:1", "nothing is named"),
        ("#ff00:1", "must be auto"),
        ("#ff0000:1,#FF0000:2", "exactly one class"),
    ],
)
def test_contradictions_are_refused(palette, message):
    with pytest.raises(ValueError, match=f"palette .*{message}"):
        parse_palette(palette)


@pytest.mark.parametrize(
    ("palette", "message"),
    [
        ("blue:1,grey:0", "blue is no entry; write this colour as #0000ff"),
        ("DarkOrange:1", "darkorange is no entry; write this colour as #ff8c00"),
        ("gray:0", "write grey for pixels"),
        ("bluish:1", "must be auto, classes"),
    ],
)
def test_names_of_colours_are_answered_with_their_code(palette, message):
    with pytest.raises(ValueError, match=message):
        parse_palette(palette)
