"""The real commands, killed at random moments: a quick run of ``benchmarks/interruptions.py``."""

import importlib.util
import random
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


def test_a_killed_training_ends_with_the_same_history(interruptions, tmp_path):
    assert interruptions.interrupt_training(tmp_path, 1, random.Random(1), epochs=2) == 1
