import tracemalloc

import numpy as np
import pytest

from tomoseg_tf.volume import (
    ArrayVolume,
    FilteredVolume,
    NotFiniteError,
    create_volume,
    draft_file,
    filter_file,
    measure,
    open_volume,
    parse_filter,
    through_filters,
    write_truth,
)
from tomoseg_tf.volume.filters import Filter

RNG = np.random.default_rng(0)
TEXTS = [
    *("median:3", "median:5,axes=yx", "gaussian:1.2", "gaussian:1,yx", "unsharp:1,2"),
    *("nonlocal:20,3,2", "nonlocal:20,3,2,zyx", "local:5", "local:7,yx", "local:17", "invert"),
]
DTYPES = ["u1", "i2", "f4"]


def scan(dtype, shape=(21, 8, 9)):
    return RNG.normal(100, 25, shape).clip(0, 255).astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("text", TEXTS)
def test_any_slab_is_that_of_the_whole_to_the_last_bit(text, dtype):
    array = scan(dtype)
    whole = FilteredVolume(ArrayVolume(array), text).read(0, 21)
    assert whole.dtype == array.dtype
    volume = FilteredVolume(ArrayVolume(array), text)
    for depth in (1, 4, 16):
        parts = [slab for _, slab in volume.slabs(depth)]
        np.testing.assert_array_equal(np.concatenate(parts), whole)
    box = volume.read_box(((3, 18), (2, 5), (1, 9)))
    np.testing.assert_array_equal(box, whole[3:18, 2:5, 1:9])


def test_a_small_part_of_large_slices_takes_the_memory_of_a_piece(monkeypatch):
    monkeypatch.setattr("tomoseg_tf.volume.filtered.PIECE_BYTES", 1)
    array = np.zeros((200, 256, 256), np.uint8)
    volume = FilteredVolume(ArrayVolume(array), "invert")
    box = ((0, 200), (3, 7), (5, 9))
    volume.read_box(box)  # what is imported counts once
    tracemalloc.start()
    part = volume.read_box(box)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    np.testing.assert_array_equal(part, np.full((200, 4, 4), 255))
    assert most < array.nbytes / 10


@pytest.mark.parametrize("dtype", ["u2", "f4"])
@pytest.mark.parametrize("text", [text for text in TEXTS if not text.startswith("nonlocal")])
def test_the_memory_of_a_filter_is_estimated(text, dtype):
    volume = FilteredVolume(ArrayVolume(scan(dtype, (48, 400, 500))), text)
    volume.read(0, 1)
    volume = FilteredVolume(ArrayVolume(scan(dtype, (48, 400, 500))), text)
    tracemalloc.start()
    volume.read_box(((0, 48), (0, 1), (0, 500)))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert 0.3 * volume.working_bytes < most < 1.1 * volume.working_bytes


def test_where_slices_are_large_a_wide_filter_sees_fewer_at_once(monkeypatch):
    array = scan("u2", (80, 8, 9))
    whole = FilteredVolume(ArrayVolume(array), "local:17")
    monkeypatch.setattr("tomoseg_tf.volume.filtered.SEEN_BYTES", 1)
    flat = FilteredVolume(ArrayVolume(array), "local:17")
    np.testing.assert_array_equal(flat.read(0, 80), whole.read(0, 80))
    monkeypatch.undo()
    assert (whole._depth, flat.working_bytes < 1e9) == (16, True)


@pytest.mark.parametrize("text", TEXTS)
def test_pieces_in_bounded_memory_change_nothing(text, monkeypatch):
    array = scan("f8")
    whole = FilteredVolume(ArrayVolume(array), text).read(0, 21)
    monkeypatch.setattr("tomoseg_tf.volume.filtered.PIECE_BYTES", 1)
    np.testing.assert_array_equal(FilteredVolume(ArrayVolume(array), text).read(0, 21), whole)


@pytest.mark.parametrize("text", [text for text in TEXTS if text != "nonlocal:20,3,2,zyx"])
def test_whole_volume_is_the_filter_of_the_array(text):
    array = scan("f8")
    result = FilteredVolume(ArrayVolume(array), text).read(0, 21)
    np.testing.assert_array_equal(result, parse_filter(text)(array))


def test_nonlocal_in_three_dimensions_is_the_filter_of_the_array_to_rounding():
    text, array = "nonlocal:20,3,2,zyx", scan("f8")
    result = FilteredVolume(ArrayVolume(array), text).read(0, 21)
    np.testing.assert_allclose(result, parse_filter(text)(array), rtol=1e-8)


def test_halves_are_rounded_away_from_zero_and_limits_kept(monkeypatch):
    values = np.array([[[-2.5, -0.5, 0.5, 2.5, 126.5, 300.0, -300.0, 0.49]]])
    monkeypatch.setattr("tomoseg_tf.volume.filters.Filter.__call__", lambda self, *_: values)
    volume = FilteredVolume(ArrayVolume(np.zeros((1, 1, 8), "i1")), "gaussian")
    np.testing.assert_array_equal(volume.read(0, 1), [[[-3, -1, 1, 3, 127, 127, -128, 0]]])


@pytest.mark.parametrize("dtype", ["u8", "i8"])
def test_largest_whole_numbers_do_not_overflow(dtype):
    limits = np.iinfo(dtype)
    array = np.full((2, 3, 4), limits.max, dtype)
    array[0, 0, 0] = limits.min
    result = FilteredVolume(ArrayVolume(array), "unsharp:1,3").read(0, 2)
    assert (result[0, 0, 0], result[0, 0, 1]) == (limits.min, limits.max)
    median = FilteredVolume(ArrayVolume(array), "median").read(0, 2)
    assert (median == limits.max).all()


def test_nan_stays_and_is_seen_as_the_nearest_voxel():
    array = np.full((3, 6, 6), 5.0)
    array[:, :, 4:] = np.nan
    array[1, 0, 0] = np.inf
    result = FilteredVolume(ArrayVolume(array), "gaussian:1").read(0, 3)
    np.testing.assert_array_equal(np.isfinite(result), np.isfinite(array))
    np.testing.assert_allclose(result[np.isfinite(result)], 5)
    with pytest.raises(NotFiniteError, match="36 voxels are NaN and 1 are infinite"):
        measure(FilteredVolume(ArrayVolume(array), "gaussian:1"))


@pytest.mark.parametrize(("fill", "dtype"), [(0, "u1"), (34, "u2"), (0, "f4"), (np.nan, "f4")])
def test_the_fill_outside_the_circle_stays_and_is_not_seen(tmp_path, fill, dtype):
    y, x = np.ogrid[-19.5:20, -19.5:20]
    outside = np.hypot(y, x) > 19
    array = np.full((6, 40, 40), 150, dtype)
    array[:, outside] = fill
    volume = FilteredVolume(ArrayVolume(array), "gaussian:3")
    np.testing.assert_array_equal(volume.read(0, 6), array)
    np.testing.assert_array_equal(volume.outside, outside)
    again = FilteredVolume(volume, "median:3")
    np.testing.assert_array_equal(again.read(0, 6), array)
    np.save(tmp_path / "a.npy", array)
    filter_file(tmp_path / "a.npy", tmp_path / "f.npy", ["gaussian:3"])
    np.testing.assert_array_equal(open_volume(tmp_path / "f.npy").outside, outside)


def test_slice_without_any_number_stays():
    array = np.full((3, 4, 4), 5.0)
    array[1] = np.nan
    result = FilteredVolume(ArrayVolume(array), "median:3,yx").read(0, 3)
    np.testing.assert_array_equal(result, array)


def test_filters_follow_one_another_as_if_written_in_between(tmp_path):
    array = scan("u1")
    both = through_filters(ArrayVolume(array, (2, 1, 1)), ["gaussian:1", "unsharp:1"])
    with create_volume(tmp_path / "first.npy", array.shape, "u1") as writer:
        writer.write(0, FilteredVolume(ArrayVolume(array), "gaussian:1").read(0, 21))
    second = FilteredVolume(open_volume(tmp_path / "first.npy"), "unsharp:1")
    np.testing.assert_array_equal(both.read(5, 9), second.read(5, 9))
    assert [step.name for step in both.filters] == ["gaussian", "unsharp"]
    assert isinstance(both.scan, ArrayVolume)
    assert both.spacing == (2, 1, 1)
    assert "filtered as it is read: unsharp:radius=1,amount=1,axes=zyx" in both.notices


def test_file_to_file(tmp_path):
    array = scan("u2")
    with create_volume(tmp_path / "a.tif", array.shape, "u2", spacing=(2, 1, 1)) as writer:
        writer.write(0, array)
    done = []
    filter_file(
        tmp_path / "a.tif", tmp_path / "b.tif", ["median"], progress=lambda *args: done.append(args)
    )
    result = open_volume(tmp_path / "b.tif")
    np.testing.assert_array_equal(
        result.read(0, 21), FilteredVolume(ArrayVolume(array), "median").read(0, 21)
    )
    assert result.spacing == pytest.approx((2, 1, 1))
    assert done[-1] == (21, 21)


@pytest.mark.parametrize(
    ("output", "filters", "message"),
    [
        ("b.npy", [], "no filter is given; name one such as median:3"),
        ("a.npy", ["median"], "named twice"),
        ("old.npy", ["median"], "already exists"),
        ("b.npy", ["blur"], "filter 'blur' is not known"),
    ],
)
def test_what_cannot_be_filtered_is_refused(tmp_path, output, filters, message):
    for name in ("a.npy", "old.npy"):
        np.save(tmp_path / name, scan("u1"))
    before = sorted(path.name for path in tmp_path.iterdir())
    with pytest.raises(ValueError, match=message):
        filter_file(tmp_path / "a.npy", tmp_path / output, filters)
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_few_slices_at_a_time_are_not_filtered_with_all_their_surroundings(monkeypatch):
    array, seen = scan("u1", (70, 6, 6)), []
    apply = Filter.__call__
    monkeypatch.setattr(
        Filter, "__call__", lambda self, grey, *s: seen.append(len(grey)) or apply(self, grey, *s)
    )
    volume = FilteredVolume(ArrayVolume(array), "local:17")
    slices = np.concatenate([volume.read(z, z + 1) for z in range(70)])
    assert sum(seen) < 3 * 70
    monkeypatch.undo()
    np.testing.assert_array_equal(slices, parse_filter("local:17")(array))


@pytest.mark.parametrize(
    ("filters", "kept"), [(["median:1"], True), (["median", "median:5"], True), (["invert"], False)]
)
def test_classes_stay_classes_through_a_median(tmp_path, filters, kept):
    classes = np.zeros((5, 8, 9), np.uint8)
    classes[:, :4], classes[2, 5:] = 3, 255
    write_truth(tmp_path / "a.tif", classes)
    result = filter_file(tmp_path / "a.tif", tmp_path / "b.tif", filters)
    assert (result.holds_classes, open_volume(tmp_path / "b.tif").holds_classes) == (kept, kept)


class Counted(ArrayVolume):
    """A volume in chunks that counts the slices that were read."""

    chunks, outside, slices_read = (8, 21, 23), None, 0

    def _read(self, start, stop):
        self.slices_read += stop - start
        return super()._read(start, stop)


@pytest.mark.parametrize("write", [draft_file, filter_file])
def test_each_chunk_of_a_file_is_decoded_once(tmp_path, monkeypatch, write):
    for module in ("filtered", "truth.draft_file"):
        monkeypatch.setattr(f"tomoseg_tf.volume.{module}.PIECE_BYTES", 1)
    source = Counted(np.random.default_rng(0).integers(0, 255, (40, 21, 23)).astype(np.uint8))
    options = {"filters": ["median:3"]} if write is filter_file else {}
    write(source, tmp_path / "b.npy", **options)
    passes = 1 if write is filter_file else 2  # nine slices and their neighbours tell the noise
    assert source.slices_read <= passes * 40
