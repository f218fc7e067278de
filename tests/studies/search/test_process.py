"""What the end of a trial's process means for the trial. The processes are a few lines each."""

import subprocess

import pytest

from tomoseg_tf.studies.child_process import visible_gpus
from tomoseg_tf.studies.search.book import COMPLETE, FAILED, PRUNED, Trial
from tomoseg_tf.studies.search.loop import SearchError
from tomoseg_tf.studies.search.process import Trainer

CHILD = """
import json, os, pathlib, signal, sys
job = json.loads(sys.stdin.readline())
attempts = pathlib.Path(job["attempts"])
attempts.write_text(attempts.read_text() + "x" if attempts.exists() else "x")
tries = len(attempts.read_text())
def say(**message):
    print(json.dumps(message), flush=True)
def epoch(number):
    say(epoch=number, epochs=3, value=0.5, score="dice", seconds=1, last=False, fresh=True)
    return sys.stdin.readline().strip()
def die():
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def trained(tmp_path, monkeypatch):
    """Train a trial by the lines of a program; return its outcome, reports and notices."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    def train(lines, stops=False, **options):
        (tmp_path / "child_of_test.py").write_text(CHILD + lines)
        reports, told = [], []
        with open(tmp_path / "lock", "w") as lock:
            trial = Trial(7, {}, lock.fileno(), False, 0)
            trainer = Trainer(
                lambda _: {"attempts": str(tmp_path / "attempts")},
                notify=told.append,
                module="child_of_test",
                **options,
            )

            def report(epoch, value, last=False):
                reports.append(epoch)
                return stops

            return trainer(trial, 0, report), reports, told

    return train


def test_epochs_are_reported_and_answered(trained):
    lines = "say(state='complete', value=0.5, facts={'words': [epoch(1), epoch(2)]})"
    outcome, reports, told = trained(lines)
    assert (outcome.state, outcome.value) == (COMPLETE, 0.5)
    assert outcome.facts == {"words": ["go", "go"]}
    assert reports == [1, 2]
    assert told[1] == "trial 7  epoch 2/3  val dice 0.5000  1.0 s"
    outcome, _, _ = trained("say(state='pruned', facts={'words': [epoch(1)]})", stops=True)
    assert outcome.facts == {"words": ["stop"]}


def test_a_process_killed_once_is_gone_on_with(trained):
    outcome, reports, told = trained(
        "epoch(tries)\nif tries < 4: die()\nsay(state='complete', value=1.0)"
    )
    assert outcome.state == COMPLETE
    assert reports == [1, 2, 3, 4]
    assert told.count("trial 7: its process was killed; it goes on in another") == 3


def test_a_process_killed_twice_in_one_epoch_does_not_fit_the_memory(trained):
    outcome, _, _ = trained("if tries == 1: epoch(1)\ndie()")
    assert outcome.state == PRUNED
    assert outcome.facts["cause"] == "memory"
    assert "SIGKILL twice without an epoch in between" in outcome.facts["reason"]


@pytest.mark.parametrize("cause", ["memory", "settings"])
def test_errors_prune_the_trial(trained, cause):
    outcome, _, _ = trained(f"say(error='why', cause='{cause}')")
    assert outcome.state == PRUNED
    assert outcome.facts == {"reason": "why", "cause": cause}


def test_what_the_machine_lacks_ends_the_search(trained):
    with pytest.raises(SearchError, match="trial 7: disk is full; the same command without"):
        trained("say(error='disk is full', cause='machine')")


def test_a_crash_is_a_failure_of_the_trial(trained):
    outcome, _, _ = trained("raise RuntimeError('of some kind')")
    assert outcome.state == FAILED
    assert outcome.facts["reason"] == "its process ended with RuntimeError: of some kind"
    outcome, _, _ = trained("os.kill(os.getpid(), signal.SIGABRT)")
    assert outcome.facts["reason"] == "its process was ended by SIGABRT"


def test_a_trial_has_a_gpu_or_its_share_of_the_cores(trained):
    ask = "say(state='complete', value=1.0, facts={'gpu': os.environ.get('CUDA_VISIBLE_DEVICES')})"
    assert trained(ask, gpus=["3", "5"], jobs=2)[0].facts == {"gpu": "3"}


def test_gpus_are_those_that_the_environment_names(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2, GPU-8a")
    assert visible_gpus() == ["2", "GPU-8a"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert visible_gpus() == []
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    done = subprocess.CompletedProcess((), 0, "0\n1\n")
    monkeypatch.setattr(subprocess, "run", lambda *arguments, **options: done)
    assert visible_gpus() == ["0", "1"]
