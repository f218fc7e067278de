import json
import os

import numpy as np
import pytest


@pytest.fixture
def series(run, tmp_path):
    """Folder of a simulated series of three steps, and what was told of it."""
    shape = ("--shape", "34,48,120", "--steps", "3", "--seed", "2")
    code, out, _ = run("simulate", "growth", tmp_path / "series", *shape, "--json")
    assert code == 0
    return tmp_path / "series", json.loads(out)


def test_a_series_is_simulated_and_tracked(run, series, tmp_path):
    folder, told = series
    steps = [folder / f"segmentation_{step:02}.tif" for step in range(3)]
    more = ("--times", "0,10,25", "--figure", tmp_path / "t.png")
    code, out, err = run("track", *steps, tmp_path / "t.csv", *more, "--json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    names = ("objects", "appeared", "vanished", "merged", "split")
    for step, one in zip(told["steps"], found["steps"], strict=True):
        assert {name: step[name] for name in names} == {name: one[name] for name in names}
    assert [step["time"] for step in found["steps"]] == [0, 10, 25]
    lines = (tmp_path / "t.csv").read_text().splitlines()
    assert lines[0].startswith("track,step,time,label,class,event,fate,parents,voxels,volume_um3")
    assert len(lines) == 1 + sum(step["objects"] for step in told["steps"])
    assert (tmp_path / "t.png").stat().st_size > 10_000
    code, out, _ = run("track", *steps, tmp_path / "u.csv")
    assert out.splitlines()[0].split()[:3] == ["Step", "Time", "Objects"]
    assert "Growth of the radius" in out
    assert run("track", *steps, tmp_path / "v.csv", "--figure", tmp_path / "w.svg")[0] == 0
    assert (tmp_path / "w.csv").read_text().startswith("track,time,equivalent_radius_um")
    table = os.path.relpath(tmp_path / "x.csv")
    assert run("track", *steps, table, "--figure", tmp_path / "x.png")[0] == 0
    assert (tmp_path / "x.csv").read_text().startswith("track,step,time")  # not that of the figure


def test_parquet_keeps_words_and_numbers(run, series, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    steps = [series[0] / f"segmentation_{step:02}.tif" for step in range(2)]
    assert run("track", *steps, tmp_path / "t.parquet")[0] == 0
    table = parquet.read_table(tmp_path / "t.parquet")
    assert set(table["event"].to_pylist()) >= {"first", "kept"}
    assert table["track"].to_numpy().dtype == np.int64


def test_what_a_user_can_cause_is_one_line(run, series, tmp_path):
    step = series[0] / "segmentation_00.tif"
    content = step.read_bytes()
    replacing = ("--figure", step, "--overwrite")
    cases = [
        ((step, step, tmp_path / "t.csv", *replacing), "is named twice"),
        ((step, tmp_path / "t.csv"), "at least two steps"),
        ((step, step, tmp_path / "t.txt"), "ends in .csv or .parquet"),
        ((step, step, tmp_path / "t.csv", "--times", "3,1"), "after the one before"),
    ]
    for arguments, message in cases:
        code, out, err = run("track", *arguments)
        assert (code, out, err.count("\n")) == (1, "", 1)
        assert message in err
    assert step.read_bytes() == content
    assert run("simulate", "growth", series[0])[0] == 1
    assert run("track", step, step, tmp_path / "t.csv", "--times", "a")[0] == 2
