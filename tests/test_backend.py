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
