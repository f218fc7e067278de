import subprocess
import sys
import time

import click
import pytest

import tomoseg_tf
from tomoseg_tf.cli import main as module
from tomoseg_tf.cli import options


def test_help_lists_every_command_in_the_order_of_the_work(run):
    code, out, _ = run("--help")
    assert code == 0
    listed = [line.split()[0] for line in out.split("Commands:")[1].splitlines() if line.strip()]
    assert listed == list(module.COMMANDS)


@pytest.mark.parametrize("name", module.COMMANDS)
def test_the_list_and_the_commands_say_the_same(name):
    command = module.cli.get_command(None, name)
    assert isinstance(command, click.Command)
    assert command.get_short_help_str(limit=100) == module.COMMANDS[name]


def test_the_version_is_printed(run):
    assert run("--version")[1] == f"tomoseg-tf, version {tomoseg_tf.__version__}\n"


def test_an_unknown_command_is_wrong_usage(run):
    code, _, err = run("sgment")
    assert code == 2
    assert "No such command 'sgment'" in err


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError("a: broken,\n  mend it"), "Error: a: broken, mend it\n"),
        (OSError(28, "No space left on device", "out.tif"), "No space left on device: 'out.tif'"),
        (MemoryError("Unable to allocate 9 GiB"), "Error: Unable to allocate 9 GiB\n"),
        (KeyboardInterrupt(), "Error: interrupted\n"),
    ],
)
def test_what_a_user_can_cause_ends_in_one_line(run, monkeypatch, error, line):
    def fail(self, ctx):
        raise error

    monkeypatch.setattr(click.Command, "invoke", fail)
    code, out, err = run("models")
    assert (code, out) == (1, "")
    assert len(err.split("\n")) - err.startswith("\n") == 2  # after ^C a new line begins
    assert line in err


def test_progress_is_silent_without_a_terminal():
    with options.progress("Working") as progress:
        assert progress is None


def test_a_terminated_command_removes_what_it_had_begun(tmp_path):
    command = ("simulate", "micropillar", "a.tif", "b.tif", "--shape", "4000,512,512")
    process = subprocess.Popen(
        [sys.executable, "-m", "tomoseg_tf", *command],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
    )
    while process.poll() is None and len(list(tmp_path.iterdir())) < 2:
        time.sleep(0.05)
    process.terminate()
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "interrupted" in err
    assert list(tmp_path.iterdir()) == []
