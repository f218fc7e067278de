"""The real commands, killed at random moments: a quick run of ``benchmarks/interruptions.py``."""

import importlib.util
import json
import os
import random
import sys
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def interruptions():
    path = Path(__file__).parents[2] / "benchmarks" / "interruptions.py"
    spec = importlib.util.spec_from_file_location("interruptions", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_killed_record_writing_ends_with_the_same_bytes(interruptions, tmp_path):
    assert interruptions.interrupt_records(tmp_path, 1, random.Random(1)) == 1


@pytest.fixture
def interrupted_search(monkeypatch):
    """The benchmark, and the folder of this test on the path of the processes that it starts."""
    here, root = Path(__file__).parent, Path(__file__).parents[2]
    monkeypatch.syspath_prepend(root / "benchmarks")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(map(str, (root, here))))
    return importlib.import_module("interrupted_search")


def test_a_killed_search_loses_and_repeats_no_trial(interrupted_search, tmp_path):
    """Its trials are fake ones in processes of their own; kills come at any moment of them."""
    folder, program = tmp_path / "killed", Path(__file__).with_name("fake_search.py")
    command = [sys.executable, program, folder, 6]
    hits, out, told = interrupted_search.kill_search(command, folder, 2, random.Random(3), span=1)
    names = ("number", "state", "settings", "values")
    found = [dict(zip(names, each, strict=True)) for each in json.loads(out)]
    interrupted_search.check_search(found, told, folder, 6)
    assert hits == 2
    assert {each["state"] for each in found} == {"COMPLETE", "PRUNED"}
