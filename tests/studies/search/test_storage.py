"""The journal survives kills; addresses of databases are taken as they are, their words kept."""

import os

import optuna
import pytest

from tomoseg_tf.studies.search.storage import (
    FileLock,
    cut_unfinished_line,
    describe_storage,
    open_storage,
)


def add_study(folder, name, place=None):
    storage = open_storage(place, folder)
    optuna.create_study(study_name=name, storage=storage)
    return {study.study_name for study in optuna.get_all_study_summaries(storage)}


def test_the_line_that_a_killed_process_began_is_removed(tmp_path):
    """Otherwise the next line would be appended to it, and nobody could read the journal."""
    add_study(tmp_path, "one")
    with open(tmp_path / "journal.log", "ab") as file:
        file.write(b'{"op_code":0,"worker_id":"a')
    assert add_study(tmp_path, "two") == {"one", "two"}
    assert add_study(tmp_path, "three") == {"one", "two", "three"}


@pytest.mark.parametrize(
    ("before", "after"),
    [(b"", b""), (b"a", b""), (b"a\n", b"a\n"), (b"a\nbc", b"a\n"), (b"\n\n12345678", b"\n\n")],
)
def test_whole_lines_stay(tmp_path, before, after):
    path = tmp_path / "lines"
    path.write_bytes(before)
    descriptor = os.open(path, os.O_RDWR)
    cut_unfinished_line(descriptor, block=3)
    os.close(descriptor)
    assert path.read_bytes() == after


@pytest.mark.parametrize("content", [b"years of work", b'{"a": 1}\n', b"\n"])
def test_a_file_of_something_else_is_not_touched(tmp_path, content):
    path = tmp_path / "thesis.tex"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"thesis.tex exists and is no journal of trials; name"):
        open_storage(str(path), tmp_path)
    assert path.read_bytes() == content


@pytest.mark.parametrize("content", [b"", b'{"op', b'{"op_code":0,"worker_id":"a'])
def test_a_journal_whose_first_line_was_not_finished_is_taken(tmp_path, content):
    path = tmp_path / "search.log"
    path.write_bytes(content)
    assert add_study(tmp_path, "one", str(path)) == {"one"}
    assert add_study(tmp_path, "two", str(path)) == {"one", "two"}


def test_a_lock_can_be_taken_again(tmp_path):
    lock = FileLock(tmp_path / "file")
    for _ in range(2):
        assert lock.acquire()
        lock.release()


def test_an_sqlite_file_is_a_database(tmp_path):
    place = str(tmp_path / "search.db")
    assert add_study(tmp_path, "one", place) == {"one"}
    assert (tmp_path / "search.db").read_bytes().startswith(b"SQLite format 3")
    assert not (tmp_path / "journal.log").exists()


def test_the_password_is_not_told():
    told = describe_storage("postgresql://me:secret@host/name")
    assert told == "postgresql://me:***@host/name"
    assert describe_storage(None) == "journal.log"


def test_mistakes(tmp_path):
    with pytest.raises(ValueError, match=r"the folder .* does not exist"):
        open_storage(str(tmp_path / "no" / "journal.log"), tmp_path)
    with pytest.raises(ValueError, match="no address of a database"):
        open_storage("://", tmp_path)
    with pytest.raises(ValueError, match=r"--storage sqlite.* cannot be opened"):
        open_storage(str(tmp_path / "no" / "search.db"), tmp_path)
