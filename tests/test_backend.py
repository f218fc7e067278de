import os
import subprocess
import sys

import pytest

from tomoseg_tf.backend import quiet_stderr


def test_native_noise_is_held_back(capfd):
    with quiet_stderr():
        os.write(2, b"noise")
    os.write(2, b"signal")
    assert capfd.readouterr().err == "signal"


def test_noise_is_replayed_when_something_fails(capfd):
    @quiet_stderr()
    def fail():
        os.write(2, b"the reason")
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        fail()
    assert capfd.readouterr().err == "the reason"


def test_loading_keras_writes_nothing():
    program = "from tomoseg_tf.backend import load_keras; print(load_keras().backend.backend())"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert result.returncode == 0
    assert result.stdout.strip() in ("tensorflow", "jax", "torch")
    assert result.stderr == ""


@pytest.mark.parametrize("name", ["nonsense", "missing"])
def test_a_backend_that_is_not_there_is_one_line(tmp_path, name):
    """The second is a backend that Keras knows, with its package out of reach."""
    known = "jax" if name == "missing" else name
    (tmp_path / "jax.py").write_text("raise ModuleNotFoundError('No module named jax')\n")
    result = subprocess.run(
        [sys.executable, "-m", "tomoseg_tf", "models"],
        env={**os.environ, "KERAS_BACKEND": known, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 1
    assert result.stderr.startswith("Error: keras cannot be loaded: ")
    assert f"KERAS_BACKEND (now {known})" in result.stderr
    assert result.stderr.count("\n") == 1
