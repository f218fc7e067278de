"""Scripts of the examples with commands that only write down what they were asked for."""

import os
import subprocess
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
STUB = """#!/bin/sh
echo "${0##*/} $*" >>"$LOG"
case $1 in
truth) [ -z "$KILLED" ] ;;
records) mkdir -p "$2" ;;
train) while [ "$1" != -o ]; do shift; done && mkdir -p "$2" ;;
simulate) for word in "$@"; do case $word in *.tif) : >"$word" ;; esac; done ;;
esac
"""
OWN = {
    "torbati2021": {"SCAN": "a.tif", "TRUTH": "b.tif"},
    "barboza2020": {"SCAN": "a.tif", "TRUTH": "b.tif"},
    "james2022": {"CHEAP": "a.tif b.tif", "HAND": "c.tif d.tif"},
    "gaudez2022": {"SCANS": "a.tif b.tif c.tif", "TRUTHS": "d.tif e.tif f.tif"},
    "few_labels": {},
}


@pytest.fixture
def run(tmp_path):
    """Run a script in a folder that has the files a.tif to f.tif; what it asked for is logged."""
    commands = tmp_path / "commands"
    commands.mkdir()
    for name in ("tomoseg-tf", "python"):
        (commands / name).write_text(STUB)
        (commands / name).chmod(0o755)
    for name in "abcdef":
        (tmp_path / f"{name}.tif").touch()
    path = os.pathsep.join([str(commands), os.environ["PATH"]])
    fixed = {"PATH": path, "LOG": str(tmp_path / "log"), "OUT": "out", "KILLED": ""}

    def start(example, *arguments, **settings):
        (tmp_path / "log").write_text("")
        return subprocess.run(
            ["sh", EXAMPLES / example / "run.sh", *arguments],
            env={**os.environ, **fixed, **settings},
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )

    return start


@pytest.fixture
def asked(tmp_path):
    """Tell the lines that were logged and begin with given words."""
    return lambda words: [
        line for line in (tmp_path / "log").read_text().splitlines() if line.startswith(words)
    ]


@pytest.mark.parametrize("example", OWN)
def test_own_data_are_not_answered_with_what_was_made_of_simulated_ones(example, run, asked):
    given = ["a.tif", "b.tif", "c.tif", "d.tif"] if example == "few_labels" else []
    simulated = run(example)
    assert simulated.returncode == 0, simulated.stderr
    assert asked("tomoseg-tf simulate")
    assert run(example).returncode == 0
    assert not asked("tomoseg-tf simulate")
    done = run(example, *given, **OWN[example])
    assert done.returncode == 1
    expected = "out was begun with other inputs, see out/inputs: give another OUT=, or remove out\n"
    assert done.stderr == expected
    assert not asked("tomoseg-tf")
    done = run(example, *given, OUT="own", **OWN[example])
    assert done.returncode == 0, done.stderr
    assert not asked("tomoseg-tf simulate")
    assert all(" a.tif" in line for line in asked("tomoseg-tf records")[:1])


def test_table_1_is_left_out_and_else_its_colours_are_needed_before_any_training(run, asked):
    assert run("torbati2021", OUT="none", BINARY_MODELS="").returncode == 0
    assert len(asked("tomoseg-tf compare")) == 1
    assert run("torbati2021").returncode == 0
    kinds = [line.split()[1] for line in asked("tomoseg-tf")]
    assert kinds == ["simulate", "records", "records", "records", "compare", "compare"]


@pytest.mark.parametrize("minutes", ["2", "0.5", "600"])
def test_both_steps_of_the_dendrites_end_by_the_same_settings(minutes, run, asked):
    assert run("james2022", NETS="unet_3d", MINUTES=minutes, EPOCHS="99").returncode == 0
    cheap, fine = asked("tomoseg-tf train")
    assert f"schedule.minutes={minutes} " in cheap
    assert f"schedule.minutes={float(minutes) / 2:g} " in fine
    (search,) = asked("tomoseg-tf tune")
    for line in (cheap, fine, search):
        assert "--set schedule.epochs=99" in line
    assert "--then-set schedule.epochs=99" in search


@pytest.mark.parametrize("example", ["gaudez2022", "james2022"])
def test_a_folder_with_a_blank_is_refused(example, run, asked, tmp_path):
    done = run(example, OUT="my results")
    assert done.returncode == 1
    assert done.stderr == "OUT=my results has a blank: give a folder without\n"
    assert not asked("tomoseg-tf")
    assert not (tmp_path / "my results").exists()


def test_labels_are_drawn_again_if_that_was_interrupted(run, asked, tmp_path):
    few = {"KINDS": "slices", "SHARES": "3"}
    assert run("few_labels", **few, KILLED="yes").returncode != 0
    assert not list((tmp_path / "out").glob("*.labels"))
    assert run("few_labels", **few).returncode == 0
    assert len(asked("tomoseg-tf truth")) == 2
    assert all("--overwrite" in line for line in asked("tomoseg-tf truth"))
    assert len(list((tmp_path / "out").glob("*.labels"))) == 2


def test_classes_and_colours_of_own_labels_are_passed_on(run, asked):
    classes, palette = "background,pore,grain", "#000000:0,#ff0000:1,#00ff00:2"
    settings = {"CLASSES": classes, "PALETTE": palette, "KINDS": "slices", "SHARES": "3"}
    done = run("few_labels", "a.tif", "b.tif", "c.tif", "d.tif", **settings)
    assert done.returncode == 0, done.stderr
    for line in asked("tomoseg-tf truth"):
        assert f"--classes {classes} --palette {palette}" in line
    for line in asked("tomoseg-tf records"):
        assert f"--classes {classes} --palette classes" in line
    for line in asked("tomoseg-tf evaluate"):
        assert f"--names {classes} --palette {palette}" in line
    assert "e.tiff is not there" in run("few_labels", *["e.tiff"] * 4, OUT="new").stderr


def test_scans_are_checked_before_networks_are_trained_for_them(run, asked):
    done = run("simulation_to_reality", "a.tif", "b.tif")
    assert done.returncode == 0, done.stderr
    first = asked("")[0]
    assert first.endswith("measure.py out/scans --scans a.tif b.tif --check")
