import numpy as np
import pytest

from tomoseg_tf.volume import ArrayVolume, find_outside

RNG = np.random.default_rng(0)


def circle(side=40, radius=20.0, centre=None):
    """Pixels outside a circle."""
    middle = (side - 1) / 2
    y, x = centre or (middle, middle)
    rows, columns = np.ogrid[:side, :side]
    return np.hypot(rows - y, columns - x) > radius


def scan(outside, fill, dtype="u2", depth=5):
    """Noise, with a fill in the pixels outside."""
    array = RNG.integers(100, 1000, (depth, *outside.shape)).astype(dtype)
    array[:, outside] = fill
    return ArrayVolume(array)


@pytest.mark.parametrize(
    "outside",
    [
        circle(),
        circle(radius=18.5),
        circle(radius=24.0),
        circle(centre=(20, 18), radius=19),
        circle(side=41),
    ],
)
@pytest.mark.parametrize(("dtype", "fill"), [("u1", 34), ("u2", 0), ("f4", 0.25), ("f4", np.nan)])
def test_fill_outside_a_circle_is_found(outside, dtype, fill):
    np.testing.assert_array_equal(find_outside(scan(outside, fill, dtype)), outside)


def test_fill_may_be_nan_in_some_slices_only():
    volume = scan(circle(), 7, "f8")
    volume._array[2:4, circle()] = np.nan
    np.testing.assert_array_equal(find_outside(volume), circle())


def test_nan_may_have_any_form():
    outside = np.ones((12, 20), bool)
    outside[3:9, 2:15] = False
    np.testing.assert_array_equal(find_outside(scan(outside, np.nan, "f4")), outside)


def test_holes_of_the_same_value_inside_stay():
    volume = scan(circle(), 0)
    volume._array[:, 18:22, 18:22] = 0
    np.testing.assert_array_equal(find_outside(volume), circle())


def square():
    outside = np.ones((40, 40), bool)
    outside[6:34, 6:34] = False
    return scan(outside, 0)


def touching():
    """Saturated matter of the value of the fill that reaches from the circle inwards."""
    volume = scan(circle(), 0)
    volume._array[:, 14:26, :14] = 0
    return volume


def three_corners():
    volume = scan(circle(), 0)
    volume._array[3, -1, -1] = 1
    return volume


def another_fill_in_one_slice():
    volume = scan(circle(), 0)
    volume._array[3, circle()] = 1
    return volume


def dark_band():
    """A saturated band along two borders, all four corners in it."""
    outside = np.zeros((40, 40), bool)
    outside[:5] = outside[-5:] = True
    return scan(outside, 0)


def four_pixels():
    outside = np.zeros((40, 40), bool)
    outside[[0, 0, -1, -1], [0, -1, 0, -1]] = True
    return scan(outside, 0)


@pytest.mark.parametrize(
    "volume",
    [
        square,
        touching,
        three_corners,
        another_fill_in_one_slice,
        dark_band,
        four_pixels,
        lambda: ArrayVolume(RNG.normal(size=(4, 9, 9))),
        lambda: ArrayVolume(np.full((4, 9, 9), 3, np.uint8)),
        lambda: ArrayVolume(np.full((4, 9, 9), np.nan)),
        lambda: ArrayVolume(np.zeros((1, 1, 1))),
    ],
)
def test_nothing_else_is_cut(volume):
    assert find_outside(volume()) is None


def test_result_does_not_depend_on_the_slabs(monkeypatch):
    volume = scan(circle(), np.nan, "f4", depth=7)
    expected = find_outside(volume)
    monkeypatch.setattr("tomoseg_tf.volume.circle._depth", lambda volume: 2)
    np.testing.assert_array_equal(find_outside(volume), expected)


def test_scan_without_fill_is_left_after_the_first_slab(monkeypatch):
    monkeypatch.setattr("tomoseg_tf.volume.circle._depth", lambda volume: 1)
    volume, read = ArrayVolume(RNG.normal(size=(9, 8, 8))), []
    monkeypatch.setattr(volume, "_read", lambda *slab: read.append(slab) or volume._array[:1])
    assert find_outside(volume) is None
    assert read == [(0, 1)]
