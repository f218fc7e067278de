import h5py
import numpy as np
import pytest

from tomoseg_tf.volume import open_volume

ARRAY = np.arange(6 * 5 * 4, dtype="u2").reshape(6, 5, 4)


@pytest.fixture
def file(tmp_path):
    """A NeXus file with two volumes; the second is the signal of the default NXdata group."""
    with h5py.File(tmp_path / "a.nxs", "w") as opened:
        opened.attrs["default"] = "entry"
        opened["other"] = ARRAY[:2]
        opened["raw/frames"] = ARRAY
        entry = opened.create_group("entry")
        entry.attrs["NX_class"], entry.attrs["default"] = "NXentry", "plot"
        plot = entry.create_group("plot")
        plot.attrs["NX_class"], plot.attrs["signal"] = "NXdata", "data"
        plot["data"] = h5py.SoftLink("/raw/frames")
        yield opened


def opened(file, inside=None):
    file.flush()
    return open_volume(file.filename if inside is None else f"{file.filename}::{inside}")


def add_axes(file, units="um", steps=(3.0, 2.0, 0.5), **changed):
    plot = file["entry/plot"]
    plot.attrs["axes"] = ["z", "y", "x"]
    for name, side, step in zip("zyx", ARRAY.shape, steps, strict=True):
        plot[name] = changed.get(name, 10 + np.arange(side) * step)
        plot[name].attrs["units"] = units


def test_default_chain_leads_to_the_signal(file):
    volume = opened(file)
    assert volume.name.endswith("a.nxs::/entry/plot/data")
    assert volume.storage["dataset"] == "/entry/plot/data, the NeXus default"
    np.testing.assert_array_equal(volume.read(0, 6), ARRAY)
    assert opened(file, "/entry").name == volume.name


def test_byte_texts_are_read(file):
    file.attrs["default"] = np.bytes_("entry")
    file["entry/plot"].attrs["signal"] = np.bytes_("data")
    assert opened(file).shape == (6, 5, 4)


def test_old_style_signal(file):
    plot = file["entry/plot"]
    del plot.attrs["signal"]
    plot["image"] = ARRAY + 1
    plot["image"].attrs["signal"] = 1
    assert opened(file).name.endswith("::/entry/plot/image")


def test_only_nxdata_signal_is_taken_without_default(file):
    del file.attrs["default"]
    volume = opened(file)
    assert volume.name.endswith("::/entry/plot/data")
    assert volume.storage["dataset"].endswith("the only signal of an NXdata group")


@pytest.mark.parametrize("default", ["nothing", "other/nothing", "entry/plot/x"])
def test_default_that_leads_nowhere_is_no_default(file, default):
    file.attrs["default"] = default
    del file["entry"]
    with pytest.raises(ValueError, match=r"there are /other .*, /raw/frames"):
        opened(file)


def test_default_loop_ends(file):
    file["entry"].attrs["default"] = "/entry"
    assert opened(file).name.endswith("::/entry/plot/data")


@pytest.mark.parametrize(
    ("units", "length"),
    [("um", 1), ("µm", 1), ("micron", 1), ("nm", 1e-3), ("mm", 1e3), ("m", 1e6)],
)
def test_axes_state_the_spacing(file, units, length):
    add_axes(file, units)
    assert opened(file).spacing == pytest.approx((3 * length, 2 * length, 0.5 * length))
    assert opened(file).notices == ()


def test_axes_of_bin_edges_and_falling_positions(file):
    add_axes(file, z=np.arange(7) * 3.0, y=-2.0 * np.arange(5))
    assert opened(file).spacing == pytest.approx((3, 2, 0.5))


def test_axes_on_the_dataset_in_the_old_style(file):
    add_axes(file)
    del file["entry/plot"].attrs["axes"]
    file["raw/frames"].attrs["axes"] = "z:y:x"
    assert opened(file).spacing == pytest.approx((3, 2, 0.5))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"units": "deg"}, "its axis z has the unit 'deg', which is no length"),
        ({"units": ""}, "its axis z has no unit"),
        ({"y": [0, 1, 2, 3, 5.0]}, "the positions along its axis y are not regular"),
        ({"x": np.zeros(4)}, "the positions along its axis x are not regular"),
        ({"x": [0, 1, np.nan, 3]}, "the positions along its axis x are not regular"),
        ({"x": [0, 1]}, "the voxel size along x is not known"),
        ({"x": "text"}, "the voxel size along x is not known"),
    ],
)
def test_axes_that_state_no_spacing_are_reported(file, changes, message):
    add_axes(file, **changes)
    volume = opened(file)
    assert volume.spacing is None
    assert volume.notices[0].startswith(message)
    assert "state it with --spacing" in volume.notices[0]


@pytest.mark.parametrize("axes", [["z", "y"], [".", ".", "."], ["a", "b", "c"], ["z", "y", "x"]])
def test_axes_that_are_none_or_count_voxels_say_nothing(file, axes):
    add_axes(file, "", steps=(1, 1, 1))
    file["entry/plot"].attrs["axes"] = axes
    volume = opened(file)
    assert (volume.spacing, volume.notices) == (None, ())


def test_attributes_of_other_kinds_are_passed_over(file):
    file["entry/plot"].attrs["signal"] = ["data", "more"]
    file["entry"].attrs["default"] = 3
    numbers = np.empty(1, object)
    numbers[0] = np.array([1, 2, 3], "u1")
    file.attrs.create("default", numbers, dtype=h5py.vlen_dtype("u1"))
    with pytest.raises(ValueError, match="name a volume as in"):
        opened(file)
