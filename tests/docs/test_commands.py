"""The commands of README and of the pages: they parse, and in a job of their own they run.

Blocks in the languages ``sh`` and ``python`` are run as they stand, those of a page one after
another in one folder. A comment of HTML, which no reader sees, says what else is to be done:

- ``<!-- run`` and lines of shell ``-->``: run these too, such as what makes the files of a page;
- ``<!-- in place of A: B -->``: in the next block A is B, to make it small;
- ``<!-- not run: reason -->``: the next block is not run.

README has no such comments: what is smaller there stands in `SMALLER`.

With ``DOCS_SIZE=full`` in the environment nothing is made small: the pages run as they are read,
which takes hours. ``--durations 0`` says how long each took.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
import pytest
import tifffile

from tomoseg_tf.cli.main import cli

ROOT = Path(__file__).parents[2]
FULL = os.environ.get("DOCS_SIZE") == "full"
PAGES = sorted((ROOT / "docs").rglob("*.md"))
MAKES_ITS_FILES = ("index.md", "install.md", "first-steps.md", "how-to/index.md")
PART = re.compile(
    r"^<!-- run\n(?P<hidden>.*?)\n-->$"
    r"|^<!-- in place of (?P<old>.*?): (?P<new>.*?) -->$"
    r"|^<!-- not run: (?P<reason>.*?) -->$"
    r"|^```(?P<language>\w*)\n(?P<code>.*?)\n```$",
    re.MULTILINE | re.DOTALL,
)
SMALLER = {
    r"--roi \S+": "--roi 0:8,20:60,20:60",
    r"--shape [\d,]+": "--shape 32,96,96",
    r"--steps 7": "--shape 16,96,96 --steps 2",
    r"--patch 64,64,64": "--patch 16,32,32",
    r"--min-voxels \d+": "--min-voxels 8",
    r"--labelled-slices \S+": "--labelled-slices 10,14:18",
    r"(train \w+.*?)--(epochs|minutes) \d+": r"\1--epochs 1",
    r"schedule.steps_per_epoch=\d+": "schedule.steps_per_epoch=1",
    r"train micropillar": "train micropillar --set batches.crop=[16,16,16]",
    r"train slices": "train slices --set batches.crop=[1,32,32] --set schedule.steps_per_epoch=1",
    r"compare (.*)--minutes \d+": r"compare \1--epochs 1 --steps 1 --set batches.batch_size=1 "
    """--arguments 'unet_2d={"base_features": 2, "levels": 2}'""",
    r"crop=\[1,192,192\]": "crop=[1,48,48]",
}
RECIPE = """
model: {name: unet_3d, arguments: {levels: 4, base_features: 8}}
batches: {batch_size: 1, crop: [8, 16, 16]}
schedule: {epochs: 1, steps_per_epoch: 1}
search: {trials: 1, space: {optimiser.learning_rate: [0.001, 0.01]}}
"""


@dataclass(frozen=True)
class Block:
    """Lines of a page, with their language, and why they are not run if they are not."""

    language: str
    code: str
    line: int
    reason: str = ""


def blocks(text, full=False):
    """Blocks of a page in their order, made small as its comments say, or in full."""
    found, replaced, reason = [], [], ""
    for part in PART.finditer(text):
        line = text.count("\n", 0, part.start()) + 1
        if part["old"] is not None:
            replaced.append((part["old"], part["new"]))
        elif part["reason"] is not None:
            reason = part["reason"]
        elif part["hidden"] is not None or part["language"] in ("sh", "python"):
            code = part["code"] if part["hidden"] is None else part["hidden"]
            for old, new in replaced:
                assert old in code, f"line {line}: {old!r} is not in the block"
                code = code if full else code.replace(old, new)
            found.append(Block(part["language"] or "sh", code, line, reason))
            replaced, reason = [], ""
    assert not replaced
    assert not reason
    return found


def script(found):
    """One script for bash, which ends at the first line that fails."""
    parts = ["set -eo pipefail"]
    for block in found:
        if not block.reason:
            code = block.code
            if block.language == "python":
                code = f"python - <<'PYTHON'\n{code}\nPYTHON"
            parts += [f"echo '--- line {block.line}' >&2", code]
    return "\n".join(parts) + "\n"


def commands(code):
    """Calls of tomoseg-tf in lines of shell, without the comments behind them."""
    lines = code.replace("\\\n", " ").splitlines()
    calls = [re.search(r"(?:^|&& |; )((?:[A-Z_]+=\S+ )?tomoseg-tf .*)", line) for line in lines]
    return [re.sub(r"\s+# .*", "", call[1]).strip() for call in calls if call]


def readme_blocks():
    """Calls in each block of README, made small."""
    found = []
    for part in PART.finditer((ROOT / "README.md").read_text()):
        calls = [one for one in commands(part["code"] or "") if " demo" not in one]
        for pattern, smaller in ({} if FULL else SMALLER).items():
            calls = [re.sub(pattern, smaller, call) for call in calls]
        if calls:
            found.append(calls)
    return found


def options_of(call):
    """Options that the command of a call has."""
    words = shlex.split(call.split("tomoseg-tf ", 1)[1])
    command, context = cli, click.Context(cli, info_name="tomoseg-tf")
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        command = command.get_command(context, words[0])
        assert command is not None, f"{words[0]!r} is no command: {call}"
        words = words[1:]
    known = {name for p in command.params for name in (*p.opts, *p.secondary_opts)}
    return {"--help", "--version", *known}


def check_options(call):
    """Assert that a call names a command and options that exist."""
    for word in shlex.split(call):
        if re.match(r"--?[a-z]", word):
            assert word.split("=")[0] in options_of(call), f"{word!r} is no option: {call}"


def name(page):
    return str(page.relative_to(ROOT / "docs"))


@pytest.mark.parametrize("page", [ROOT / "README.md", *PAGES], ids=lambda page: page.stem)
def test_commands_and_options_exist(page):
    for part in PART.finditer(page.read_text()):
        for call in commands(part["code"] or ""):
            check_options(call)
    blocks(page.read_text())


def test_a_page_is_read_as_it_says():
    text = (
        "<!-- in place of 7: 2 -->\n<!-- run\nmake 7\n-->\n"
        "<!-- in place of 9: 1 -->\n```sh\nrun 9\n```\n"
        "<!-- not run: long -->\n```sh\nx\n```"
    )
    hidden, small, long = blocks(text)
    assert [block.code for block in blocks(text, full=True)] == ["make 7", "run 9", "x"]
    assert (hidden.code, small.code, long.reason) == ("make 2", "run 1", "long")
    assert script([hidden, small, long]).count("--- line") == 2
    assert commands("a=1 && tomoseg-tf info x \\\n  --json  # why") == [
        "tomoseg-tf info x    --json"
    ]


@pytest.fixture(scope="session")
def environment():
    """Variables with the commands of this environment in front."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return {**os.environ, "PATH": path}


@pytest.fixture(scope="session")
def small_files(tmp_path_factory, environment):
    """A folder with scan.tif, truth.tif, result.tif and p.tif."""
    folder = tmp_path_factory.mktemp("files")
    shape = "64,256,256" if FULL else "32,128,128"
    check_runs(
        f"tomoseg-tf simulate micropillar scan.tif truth.tif --shape {shape} --seed 102\n"
        "tomoseg-tf segment scan.tif result.tif -w unet_3d_micropillar --probabilities p.tif\n",
        folder,
        environment,
    )
    return folder


def check_runs(lines, folder, environment):
    """Run lines of bash in a folder; show what they printed if they fail."""
    done = subprocess.run(
        ["bash", "-c", f"set -eo pipefail\n{lines}"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]


RUN = [page for page in PAGES if script(blocks(page.read_text())).count("\n") > 1]


@pytest.mark.docs
@pytest.mark.parametrize("page", RUN, ids=name)
def test_commands_of_a_page_run(page, tmp_path, environment, request):
    if name(page) not in MAKES_ITS_FILES:
        files = request.getfixturevalue("small_files")
        shutil.copytree(files, tmp_path, dirs_exist_ok=True)
    check_runs(script(blocks(page.read_text(), full=FULL)), tmp_path, environment)


@pytest.mark.docs
@pytest.mark.parametrize("calls", readme_blocks(), ids=lambda calls: calls[0].split()[1])
def test_commands_of_readme_run(calls, tmp_path, environment, small_files):
    shutil.copytree(small_files, tmp_path, dirs_exist_ok=True)
    make_files_of_readme(tmp_path)
    for word in ("slices", "run"):  # in other blocks these are what the block writes
        if re.search(rf"records {word}\b|-o {word}\b", "\n".join(calls)):
            shutil.rmtree(tmp_path / word)
    calls = [call + " --overwrite" * ("--overwrite" in options_of(call)) for call in calls]
    check_runs("\n".join(["set -x", *calls]), tmp_path, environment)


def make_files_of_readme(folder):
    """Make what README takes for granted: scans, labels, weights, recipes, records."""
    from tomoseg_tf.records import write_records
    from tomoseg_tf.volume import create_volume
    from tomoseg_tf.weights import find_weights, open_weights, save_weights

    scan, truth = (tifffile.imread(folder / f"{word}.tif") for word in ("scan", "truth"))
    (folder / "series").mkdir()
    for word in ("slices", "scan.zarr", "series/0.tif", "series/1.tif"):
        with create_volume(folder / word, scan.shape, scan.dtype) as writer:
            writer.write(0, scan)
    for word in ("my_weights", "one", "run/best_dice"):
        shutil.copytree(find_weights("unet_3d_micropillar"), folder / word)
    fitted = open_weights("unet_3d_micropillar")
    network = fitted.build()
    network.set_weights([0.99 * array for array in network.get_weights()])
    save_weights(folder / "other", network, fitted.config, card="# Other weights\n")
    shutil.copytree(find_weights("unet_2d_sandstone"), folder / "my_2d_weights")
    shutil.copy(folder / "my_weights" / "model.weights.h5", folder / "FILE.h5")
    particles = np.zeros_like(truth)
    particles[:, 4:9, 4:9] = 2
    images = {"pores": 255 * (truth == 1), "particles": 127 * particles + particles // 2}
    images |= {"classes": truth + particles, "ilastik": truth + particles}
    images |= {f"step_{step}": truth for step in range(3)}
    for word, image in images.items():
        image = image.astype(np.uint8)
        tifffile.imwrite(folder / f"{word}.tif", image, photometric="minisblack")
    pairs = [(folder / "scan.tif", folder / "truth.tif")]
    for word, records in (("hand", "good"), ("cheap", "cheap")):
        (folder / f"{word}.yaml").write_text(RECIPE)
        write_records(folder / records, pairs, patch=(8, 32, 32), split="block", guard=0)
