import errno
import os
import subprocess
import sys

import pytest

from tomoseg_tf.volume import single_writer
from tomoseg_tf.volume.storage import locking


def names(folder):
    return sorted(item.name for item in folder.iterdir())


def hold(path):
    """Hold the lock of a path in another process until it is killed."""
    script = (
        "import sys, time; from tomoseg_tf.volume import single_writer\n"
        "with single_writer(sys.argv[1]): print('held', flush=True); time.sleep(600)"
    )
    holder = subprocess.Popen([sys.executable, "-c", script, path], stdout=subprocess.PIPE)
    assert holder.stdout.readline() == b"held\n"
    return holder


def test_the_second_writer_is_refused_until_the_first_is_gone(tmp_path):
    path = tmp_path / "run"
    with hold(path) as holder:
        try:
            with pytest.raises(ValueError, match=rf"run is being written by process {holder.pid} "):
                single_writer(path).__enter__()
            assert names(tmp_path) == [".run.lock"]
        finally:
            holder.kill()
    assert names(tmp_path) == [".run.lock"]
    with single_writer(path):
        assert f"process {os.getpid()} on " in (tmp_path / ".run.lock").read_text()
    assert names(tmp_path) == []


def test_a_link_to_the_output_has_the_same_lock(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "run")
    second = single_writer(tmp_path / "link")
    with single_writer(tmp_path / "run"), pytest.raises(ValueError, match="link is being written"):
        second.__enter__()


def test_the_lock_ends_with_an_error(tmp_path):
    with pytest.raises(RuntimeError), single_writer(tmp_path / "run"):
        raise RuntimeError
    assert names(tmp_path) == []


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(ValueError, match="missing does not exist; create it first"):
        single_writer(tmp_path / "missing" / "run").__enter__()


def test_a_lock_that_was_removed_between_opening_and_locking_is_made_again(tmp_path, monkeypatch):
    flock, calls = locking.fcntl.flock, []

    def slow(descriptor, how):
        if not calls:
            (tmp_path / ".run.lock").unlink()
        calls.append(how)
        flock(descriptor, how)

    monkeypatch.setattr(locking.fcntl, "flock", slow)
    with single_writer(tmp_path / "run"):
        assert names(tmp_path) == [".run.lock"]
    assert len(calls) == 2


def test_a_file_system_without_locks_is_said(tmp_path, monkeypatch):
    def refuse(descriptor, how):
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr(locking.fcntl, "flock", refuse)
    with single_writer(tmp_path / "run") as notice:
        assert notice.startswith(f"{tmp_path / 'run'}: its file system has no locks; let no other")
        assert names(tmp_path) == []
