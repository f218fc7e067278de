"""The shell offers commands, options, names and files; bash does so for real."""

import shutil
import subprocess
import sys

import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner

from tomoseg_tf.cli import completing
from tomoseg_tf.cli.completing import VARIABLE
from tomoseg_tf.cli.main import COMMANDS, cli

COMMAND = f"""#!{sys.executable}
import sys
from tomoseg_tf.cli.main import main
code = None
try:
    main()
finally:
    loaded = {{"keras", "tensorflow", "torch", "jax", "scipy", "pydantic"}} & set(sys.modules)
    assert not loaded, loaded
"""


@pytest.fixture
def offered(monkeypatch):
    """Function that gives what is offered behind some words."""
    monkeypatch.setenv(VARIABLE, "bash_complete")

    def offer(*words):
        items = ShellComplete(cli, {}, "tomoseg-tf", VARIABLE).get_completions(
            list(words[:-1]), words[-1]
        )
        return [item.value if item.type == "plain" else item.type for item in items]

    return offer


def test_commands_and_options_are_offered(offered):
    assert offered("") == list(COMMANDS)
    assert offered("comp") == ["compare", "completion"]
    assert offered("--v") == ["--version"]
    assert "--probabilities" in offered("segment", "--pro")
    assert offered("completion", "") == ["bash", "zsh", "fish"]


@pytest.mark.parametrize(
    "words",
    [
        ("segment", "-w"),
        ("info", "--weights"),
        ("train", "slices", "--from"),
        ("weights", "info"),
        ("weights", "verify"),
        ("export",),
    ],
    ids=" ".join,
)
def test_weights_are_offered_by_name_and_else_as_paths(offered, words):
    assert offered(*words, "unet_3d_m") == ["unet_3d_micropillar"]
    assert offered(*words, "runs/best") == ["file"]


def test_recipes_networks_and_masks_are_offered(offered):
    assert offered("train", "micropillar_f") == ["micropillar_finish"]
    assert {"slices", "gaudez2022"} <= set(offered("tune", ""))
    assert offered("models", "seg") == ["segnet_2d"]
    assert offered("compare", "records", "--models", "unet_2d,ot") == ["unet_2d,otsu"]
    assert offered("segment", "scan.tif", "out.tif", "--mask", "a") == ["auto"]
    assert offered("segment", "sca") == ["file"]


def test_names_written_down_are_those_there_are():
    from tomoseg_tf.models import BUILDERS
    from tomoseg_tf.studies.classical import BASELINES

    assert tuple(BUILDERS) == completing.NETWORKS
    assert tuple(BASELINES) == completing.CLASSICAL


@pytest.mark.parametrize(("shell", "line"), [("zsh", "compdef"), ("fish", "complete --no-files")])
def test_other_shells_get_their_scripts(shell, line):
    result = CliRunner().invoke(cli, ["completion", shell])
    assert result.exit_code == 0
    assert line in result.output
    assert f"{VARIABLE}={shell}_complete" in result.output


@pytest.mark.skipif(not shutil.which("bash"), reason="needs bash")
def test_bash_completes(tmp_path):
    (tmp_path / "tomoseg-tf").write_text(COMMAND)
    (tmp_path / "tomoseg-tf").chmod(0o755)
    (tmp_path / "script").write_text(CliRunner().invoke(cli, ["completion", "bash"]).output)
    lines = f"""
    set -e
    PATH={tmp_path}:$PATH
    source {tmp_path}/script
    complete -p tomoseg-tf >&2
    COMP_WORDS=(tomoseg-tf segment scan.tif out.tif -w unet_) COMP_CWORD=5
    _tomoseg_tf_completion tomoseg-tf unet_ -w
    echo "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(["bash", "-c", lines], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "-F _tomoseg_tf_completion tomoseg-tf" in done.stderr
    wanted = [name for name in completing.weights_names() if name.startswith("unet_")]
    assert done.stdout.split() == wanted != []
