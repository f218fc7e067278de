import subprocess
import sys

import pytest
from matplotlib import image

from tomoseg_tf.plots import check_figure, new_axes, save_figure


@pytest.mark.parametrize("suffix", [".png", ".pdf", ".svg", ".tif", ".PNG"])
def test_figure_is_saved_in_the_format_of_its_suffix(tmp_path, suffix):
    path = tmp_path / f"figure{suffix}"
    save_figure(new_axes(), path, dpi=50)
    start = {".png": b"\x89PNG", ".pdf": b"%PDF", ".svg": b"<?xml", ".tif": (b"II", b"MM")}
    assert path.read_bytes().startswith(start[suffix.lower()])
    assert [found.name for found in tmp_path.iterdir()] == [path.name]


def test_dots_per_inch_set_the_size(tmp_path):
    ax = new_axes(size=(4, 3))
    for dpi in (50, 100):
        save_figure(ax.figure, tmp_path / f"{dpi}.png", dpi=dpi)
    low, high = (image.imread(tmp_path / f"{dpi}.png").shape for dpi in (50, 100))
    assert high[0] == pytest.approx(2 * low[0], abs=2)


def test_existing_figure_is_kept_unless_overwritten(tmp_path):
    path = tmp_path / "figure.png"
    path.write_bytes(b"mine")
    with pytest.raises(ValueError, match="already exists"):
        save_figure(new_axes(), path)
    assert path.read_bytes() == b"mine"
    save_figure(new_axes(), path, overwrite=True, dpi=50)
    assert path.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("figure.docx", "no figure format has the suffix '.docx'; use one of .png, "),
        ("figure", "no figure format has the suffix ''"),
        ("nowhere/figure.png", "does not exist"),
    ],
)
def test_unusable_path_is_refused(tmp_path, name, message):
    with pytest.raises(ValueError, match=message):
        check_figure(tmp_path / name)


def test_failed_drawing_leaves_nothing(tmp_path, monkeypatch):
    ax = new_axes()

    def fail(*args, **options):
        raise OSError("disk full")

    monkeypatch.setattr(ax.figure, "savefig", fail)
    with pytest.raises(OSError, match="disk full"):
        save_figure(ax, tmp_path / "figure.png")
    assert not list(tmp_path.iterdir())


def test_neither_pyplot_nor_keras_is_imported():
    code = (
        "import sys, tomoseg_tf.plots, tomoseg_tf.evaluation, tomoseg_tf.cli.evaluate;"
        "print([name for name in ('matplotlib.pyplot', 'keras', 'tensorflow', 'torch')"
        " if name in sys.modules])"
    )
    printed = subprocess.check_output([sys.executable, "-c", code], text=True)
    assert printed.strip() == "[]"
