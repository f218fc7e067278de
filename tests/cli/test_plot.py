import numpy as np
import pytest
import tifffile

from tomoseg_tf.cli.main import cli

COMMAND = ("plot",)

CLASSES = np.zeros((12, 16, 20), np.uint8)
CLASSES[2:7, 2:7, 2:7] = 1
CLASSES[6:10, 9:13, 12:17] = 1


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A scan, its truth, a segmentation, a table of objects and a run."""
    folder = tmp_path_factory.mktemp("plot")
    rng = np.random.default_rng(0)
    scan = (150 - 80 * CLASSES + rng.integers(0, 20, CLASSES.shape)).astype(np.uint8)
    pairs = ("scan", scan), ("truth", CLASSES), ("found", np.roll(CLASSES, 1, axis=2))
    for name, array in pairs:
        tifffile.imwrite(folder / f"{name}.tif", array, photometric="minisblack")
    from tomoseg_tf.objects import write_objects

    write_objects(CLASSES, folder / "objects.csv", volume=scan, mask="none", spacing=(1, 1, 1))
    (folder / "run").mkdir()
    (folder / "run" / "history.csv").write_text(
        "epoch,loss,dice,val_loss,val_dice\n1,1.0,0.5,0.9,0.4\n2,0.8,0.6,0.7,0.5\n"
    )
    (folder / "table.csv").write_text("label,miou\nunet_2d,0.7\notsu,0.5\n")
    return folder


@pytest.mark.parametrize(
    ("arguments", "data"),
    [
        (["sizes", "objects.csv"], "radius_from_um,radius_to_um,objects,corrected_objects"),
        (["shapes", "objects.csv"], "label,class,equivalent_radius_um,sphericity,grey_mean"),
        (
            ["grey", "scan.tif", "truth.tif", "--names", "matrix,pore", "--width", "double"],
            "grey_from,grey_to,voxels_matrix,voxels_pore",
        ),
        (
            ["slices", "scan.tif", "--truth", "truth.tif", "--segmentation", "found.tif"],
            "plane,index,outcome,voxels",
        ),
        (["learning", "run"], "run,epoch,loss,dice,val_loss,val_dice"),
        (["scores", "table.csv"], "label,miou"),
        (["rendering", "truth.tif", "--spacing", "1,1,1"], "class,volume_um3,equivalent_radius_um"),
    ],
)
def test_each_figure_has_its_data_beside_it(run, files, tmp_path, arguments, data):
    name, *rest = arguments
    inputs = [files / word for word in rest if (files / word).exists()]
    options = [files / word if (files / word).exists() else word for word in rest]
    figure = tmp_path / f"{name}.pdf"
    given = [word for word in options if word not in inputs or "--truth" in options]
    if "--truth" in options:
        code, out, err = run(name, options[0], figure, *options[1:], "--plane", "xz")
    else:
        code, out, err = run(name, *inputs, figure, *given)
    assert (code, err) == (0, "")
    assert out == f"{figure}, its data in {figure.with_suffix('.csv')}\n"
    assert figure.read_bytes().startswith(b"%PDF")
    lines = figure.with_suffix(".csv").read_text().splitlines()
    assert lines[0].startswith(data)
    assert len(lines) > 1


def test_a_slice_alone_has_no_data(run, files, tmp_path):
    figure = tmp_path / "slice.png"
    code, out, _ = run("slices", files / "scan.tif", figure, "--index", 3, "--width", "double")
    assert (code, out) == (0, f"{figure}\n")
    assert [path.name for path in tmp_path.iterdir()] == ["slice.png"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["sizes", "objects.csv", "objects.png"], "the data of objects.png must not replace it"),
        (["learning", "run", "run/history.png"], "the data of history.png must not replace it"),
        (["scores", ".", "table.pdf"], "the data of table.pdf must not replace it"),
        (["sizes", "nothing.csv", "a.png"], "nothing.csv does not exist"),
        (["shapes", "table.csv", "a.png"], "column label holds could not convert"),
        (["learning", "nothing", "a.png"], "name the folder of a training run"),
        (["scores", "objects.csv", "a.png"], "is no table of a comparison or ablation"),
        (["slices", "scan.tif", "a.png", "--index", "99"], "slice 99 is outside"),
        (["rendering", "truth.tif", "a.docx"], "no figure format has the suffix"),
    ],
)
def test_mistakes_are_one_line_and_leave_nothing(run, files, arguments, message):
    before = sorted(files.iterdir())
    name, *rest = arguments
    rest = [files / word if "." in word or word in ("nothing", "run") else word for word in rest]
    code, out, err = run(name, *rest, "--overwrite")
    assert (code, out) == (1, "")
    assert message in err
    assert err.count("\n") == 1
    assert sorted(files.iterdir()) == before


def test_shapes_are_compared_before_the_truth_is_read(run, files, tmp_path, monkeypatch):
    from tomoseg_tf import plots

    monkeypatch.setattr(plots, "busiest_plane", lambda *_: pytest.fail("the truth is read"))
    np.save(tmp_path / "found.npy", CLASSES[:5])
    pair = ["--truth", files / "truth.tif", "--segmentation", tmp_path / "found.npy"]
    code, _, err = run("slices", files / "scan.tif", tmp_path / "a.png", *pair)
    assert (code, "must be of one shape" in err) == (1, True)


def test_every_figure_has_a_line_of_help():
    for name, command in cli.get_command(None, "plot").commands.items():
        assert command.get_short_help_str(), name


def test_profiles_of_objects_whose_class_changes(run, files, tmp_path):
    from tomoseg_tf.objects import write_consistency

    classes = CLASSES.copy()
    classes[4:6][classes[4:6] > 0] = 2
    table, figure = tmp_path / "changes.csv", tmp_path / "profiles.svg"
    write_consistency(classes, table, volume=files / "scan.tif")
    code, _, err = run("profiles", table, figure, "--names", "a,b,c")
    assert (code, err) == (0, "")
    rows = (tmp_path / "profiles.csv").read_text().splitlines()
    assert rows[0] == "label,z,class,share,voxels,grey_mean"
    assert len(rows) == 1 + 5
    (tmp_path / "changes_profile.csv").unlink()
    code, _, err = run("profiles", table, tmp_path / "no.svg")
    assert (code, "changes_profile.csv does not exist; name the profile" in err) == (1, True)
    code, _, err = run("profiles", files / "objects.csv", tmp_path / "no.svg")
    assert (code, "has no column z" in err) == (1, True)
