"""Kill a search at random moments: a part of ``interruptions.py``, which says how to run it."""

import contextlib
import fcntl
import json
import re
import subprocess
import sys
import tempfile
import time

from interruptions import RECIPE, finish, write_pairs

SEARCH = (
    RECIPE
    + """
search:
  trials: TRIALS
  min_epochs: 1
  reduction_factor: 2
  space:
    optimiser.learning_rate: {log_range: [1.0e-4, 1.0e-1]}
    batches.batch_size: [2, 4]
"""
)
EPOCH = re.compile(r"trial (\d+)  epoch (\d+)/")
GOES_ON = re.compile(r"trial (\d+): [Gg]oing on after epoch (\d+) of ")
ENDED = re.compile(r"trial (\d+) (?:is complete|is pruned|failed)")


def interrupt_search(folder, kills, rng, *, trials=30, epochs=4, span=None, jobs=1):
    """Kill a search.

    Parameters
    ----------
    folder : Path
        Empty folder to work in.
    kills : int
        Number of kills.
    rng : random.Random
        Chooses the moments.
    trials, epochs : int, optional
        Size of the search.
    span : float, optional
        Seconds of work after which a process is killed at the latest; by default such that the
        kills are spread over the whole search.
    jobs : int, optional
        Trials at once. With more than one, their scores depend on the order in which they come,
        and are not compared with those of the uninterrupted search.

    Returns
    -------
    int
        Kills that hit a running command.

    Raises
    ------
    RuntimeError
        If a trial is lost, repeated, not ended, or more than one epoch of it was computed again for
        a kill; or if the trials are not those of the uninterrupted search.
    """
    records, straight, killed = folder / "records", folder / "straight", folder / "killed"
    pairs = write_pairs(folder, (32, 32, 32))
    split = ["--patch", "16,16,16", "--split", "block", "--fractions", "0.5,0.5,0", "--guard", "0"]
    finish(["records", records, *pairs, *split], records)
    recipe = folder / "recipe.yaml"
    text = SEARCH.replace("EPOCHS", str(epochs)).replace("TRIALS", str(trials))
    recipe.write_text(text, encoding="utf-8")
    tune = [sys.executable, "-m", "tomoseg_tf", "tune", recipe, "--records", records, "--json"]
    tune += ["--jobs", str(jobs), "-o"]
    begun = time.monotonic()
    expected = json.loads(run_to_the_end([*tune, straight])[0])["trials"]
    seconds = time.monotonic() - begun
    span = 1.6 * seconds / (kills + 1) if span is None else span
    hits, out, told = kill_search([*tune, killed], killed, kills, rng, span=span, jobs=jobs)
    found = json.loads(out)["trials"]
    check_search(found, told, killed, trials)
    timeless = [{**each, "seconds": None} for each in (*expected, *found)]
    if jobs == 1 and timeless[:trials] != timeless[trials:]:
        raise RuntimeError("the trials differ from those of the uninterrupted search")
    return hits


def kill_search(command, folder, kills, rng, *, span, jobs=1):
    """Start a search again and again and kill it, then let it come to its end.

    Parameters
    ----------
    command : sequence
        Program and arguments.
    folder : Path
        Its output.
    kills, rng, span, jobs
        As for `interrupt_search`.

    Returns
    -------
    hits : int
        Kills that hit a running search.
    out : str
        What the last process wrote on its standard output.
    told : str
        What all of them wrote on their standard error.

    Raises
    ------
    RuntimeError
        If a process fails, or a trial goes on before the last epoch that was kept.
    """
    hits, told, kept = 0, "", {}
    for _ in range(kills):
        with tempfile.TemporaryFile() as errors:
            process = subprocess.Popen(
                list(map(str, command)), stdout=subprocess.DEVNULL, stderr=errors
            )
            while process.poll() is None and errors.seek(0, 2) == 0:
                time.sleep(0.005)  # until a trial is told of
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=rng.uniform(0, span))
            process.kill()
            hits += process.wait() < 0
            errors.seek(0)
            text = errors.read().decode()
        if process.returncode > 0:
            raise RuntimeError(f"after {hits} kills: {text}")
        told += _whole_lines(text)
        _check_goes_on(text, kept)
        _wait_for_children(folder)
        kept = {run.name: _count_epochs(run) for run in (folder / "trials").glob("[0-9]*")}
    out, text = run_to_the_end(command)
    _check_goes_on(text, kept)
    return hits, out, told + text


def check_search(found, told, folder, trials):
    """Check that each trial of a killed search was run once.

    Parameters
    ----------
    found : list of dict
        ``number``, ``state``, ``settings`` and ``values`` of each trial.
    told : str
        What the processes of the search told.
    folder : Path
        The search.
    trials : int
        How many there should be.

    Raises
    ------
    RuntimeError
        If anything is lost, repeated or not ended.
    """
    if [each["number"] for each in found] != list(range(trials)):
        raise RuntimeError(f"{len(found)} trials instead of {trials}")
    if any(each["state"].lower() not in ("complete", "pruned") for each in found):
        raise RuntimeError("a trial has not ended")
    if len({json.dumps(each["settings"]) for each in found}) != trials:
        raise RuntimeError("two trials have the same settings")
    for pattern, what in ((EPOCH, "epoch was computed"), (ENDED, "trial has ended")):
        lines = pattern.findall(told)
        if len(set(lines)) != len(lines):
            raise RuntimeError(f"an {what} twice" if what[0] == "e" else f"a {what} twice")
    for each in found:
        epochs = [int(epoch) for epoch in each["values"]]
        kept = _count_epochs(folder / "trials" / f"{each['number']:04d}")
        if epochs != list(range(1, kept + 1)):
            raise RuntimeError(f"trial {each['number']} has {kept} epochs, scores of {epochs}")


def run_to_the_end(command):
    """Run a program; return what it wrote on both outputs."""
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return done.stdout, done.stderr


def _check_goes_on(text, kept):
    """Check that trials go on after the last epoch that was kept when they were killed."""
    for number, epoch in GOES_ON.findall(text):
        least = kept.get(f"{int(number):04d}", 0)
        if int(epoch) < least:
            raise RuntimeError(f"trial {number} goes on after epoch {epoch}, had {least}")


def _wait_for_children(folder):
    """Wait until the processes of the trials have ended, too: none holds a lock any more."""
    for path in (folder / ".claims").glob("*"):
        with open(path, "rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)


def _count_epochs(run):
    history = run / "history.csv"
    lines = history.read_text(encoding="utf-8").splitlines() if history.exists() else []
    return sum(not line.startswith("epoch") for line in lines)


def _whole_lines(text):
    return text[: text.rfind("\n") + 1]
