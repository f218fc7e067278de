import os
import platform
import subprocess
import sys
import time

import pytest

from tomoseg_tf.volume import staged_file, staged_folder


def fill_file(path, text, error=None, overwrite=False):
    with staged_file(path, overwrite=overwrite) as partial:
        partial.write_text(text)
        if error:
            raise error


def fill_folder(path, text, error):
    with staged_folder(path) as partial:
        (partial / "x").write_text(text)
        raise error


def names(folder):
    return sorted(item.name for item in folder.iterdir())


def test_file_appears_only_when_complete(tmp_path):
    path = tmp_path / "scores.json"
    with staged_file(path) as partial:
        partial.write_text("whole")
        assert not path.exists()
        assert names(tmp_path) == [f".scores.json.partial-{platform.node()}-{os.getpid()}"]
    assert path.read_text() == "whole"
    assert names(tmp_path) == ["scores.json"]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_nothing_is_left_after_an_error(tmp_path, error):
    with pytest.raises(error):
        fill_file(tmp_path / "a", "half", error)
    with pytest.raises(error):
        fill_folder(tmp_path / "b", "half", error)
    assert names(tmp_path) == []


def test_existing_output_is_refused_before_any_work(tmp_path):
    (tmp_path / "a").write_text("old")
    with pytest.raises(ValueError, match=r"a already exists; .*--overwrite"):
        staged_file(tmp_path / "a").__enter__()
    with pytest.raises(ValueError, match="already exists"):
        staged_folder(tmp_path / "a").__enter__()
    assert names(tmp_path) == ["a"]


def test_overwritten_file_stays_until_the_new_one_is_complete(tmp_path):
    path = tmp_path / "a"
    path.write_text("old")
    with pytest.raises(RuntimeError):
        fill_file(path, "half", RuntimeError, overwrite=True)
    assert path.read_text() == "old"
    fill_file(path, "new", overwrite=True)
    assert path.read_text() == "new"


def test_overwritten_folder_is_replaced_as_a_whole(tmp_path):
    path = tmp_path / "run"
    path.mkdir()
    (path / "old").write_text("old")
    with staged_folder(path, overwrite=True) as partial:
        (partial / "new").mkdir()
        (partial / "new" / "file").write_text("new")
        assert names(path) == ["old"]
    assert names(path) == ["new"]
    assert names(tmp_path) == ["run"]


def test_folder_of_something_else_is_not_replaced(tmp_path):
    path = tmp_path / "home"
    path.mkdir()
    (path / "thesis.txt").write_text("years of work")
    staged = staged_folder(path, overwrite=True, marker="manifest.json")
    with pytest.raises(ValueError, match=r"already exists and holds no manifest\.json"):
        staged.__enter__()
    assert names(path) == ["thesis.txt"]


def test_folder_with_the_marker_and_an_empty_one_are_replaced(tmp_path):
    path = tmp_path / "records"
    path.mkdir()
    for _ in range(2):
        with staged_folder(path, overwrite=True, marker="manifest.json") as partial:
            (partial / "manifest.json").write_text("{}")
    assert names(path) == ["manifest.json"]


@pytest.mark.parametrize("name", ["tracks.csv", "scans/0.csv", "scans/more/0.tif", "scans/link"])
def test_folder_with_other_contents_is_not_replaced(tmp_path, name):
    path, contents = tmp_path / "made", ("truth.json", "scans/[0-9].tif")
    (path / "scans" / "more").mkdir(parents=True)
    for own in ("truth.json", "scans/0.tif", "scans/1.tif", ".hidden"):
        (path / own).touch()
    if name == "scans/link":
        (path / name).symlink_to(tmp_path)
    else:
        (path / name).touch()
    with pytest.raises(ValueError, match=f"made already exists and holds {name}, which would be"):
        replace(path, contents=contents)
    (path / name).unlink()
    replace(path, contents=contents)
    assert names(path) == ["new"]


def test_file_does_not_replace_a_folder_nor_the_reverse(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="is a folder, not a file"):
        staged_file(tmp_path / "folder", overwrite=True).__enter__()
    with pytest.raises(ValueError, match="is a file, not a folder"):
        staged_folder(tmp_path / "file", overwrite=True).__enter__()


def test_missing_parent_is_named(tmp_path):
    with pytest.raises(ValueError, match="missing does not exist; create it first"):
        staged_file(tmp_path / "missing" / "a").__enter__()


def test_output_that_came_into_being_meanwhile_is_kept(tmp_path):
    path = tmp_path / "a"
    staged = staged_file(path)
    staged.__enter__().write_text("mine")
    path.write_text("another's")
    with pytest.raises(ValueError, match="already exists"):
        staged.__exit__(None, None, None)
    assert path.read_text() == "another's"
    assert names(tmp_path) == ["a"]


def test_what_a_killed_process_left_is_no_obstacle(tmp_path):
    (tmp_path / f".run.partial-{platform.node()}-{os.getpid()}").mkdir()
    with staged_folder(tmp_path / "run") as partial:
        (partial / "a").write_text("")
    assert names(tmp_path) == ["run"]


def test_what_a_killed_process_left_is_removed_and_that_of_a_living_one_kept(tmp_path):
    program = f"""
import os
from tomoseg_tf.volume import staged_file
with staged_file({str(tmp_path / "a")!r}) as partial:
    partial.write_text("half")
    os.kill(os.getpid(), 9)
"""
    subprocess.run([sys.executable, "-c", program])
    assert len(names(tmp_path)) == 1
    parent = tmp_path / f".a.partial-{platform.node()}-{os.getppid()}"
    parent.write_text("another process writes it now")
    fill_file(tmp_path / "a", "whole")
    assert names(tmp_path) == [parent.name, "a"]


def aside(path, process):
    """Name of a folder that a process of this machine moved aside."""
    return path.with_name(f".{path.name}.replaced-{platform.node()}-{process}")


def dead_process():
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid


def replace(path, **options):
    with staged_folder(path, overwrite=True, **options) as partial:
        (partial / "new").write_text("new")


KILLED = """
import os, shutil, sys
from tomoseg_tf.volume import staged_folder
rename, renames = os.rename, []
def counted(*names):
    rename(*names)
    renames.append(names)
    if len(renames) == int(sys.argv[2]):
        os.kill(os.getpid(), 9)
os.rename = counted
with staged_folder(sys.argv[1], overwrite=True) as partial:
    (partial / "new").write_text("new")
"""


@pytest.mark.parametrize(("renames", "kept"), [(1, ["old"]), (2, ["new"])])
def test_folder_of_a_process_killed_during_the_swap(tmp_path, renames, kept):
    path = tmp_path / "run"
    path.mkdir()
    (path / "old").write_text("the only copy")
    subprocess.run([sys.executable, "-c", KILLED, str(path), str(renames)])
    assert any("replaced" in name for name in names(tmp_path))
    staged = staged_folder(path)
    with pytest.raises(ValueError, match="run already exists"):
        staged.__enter__()
    assert names(path) == kept
    replace(path)
    assert names(path) == ["new"]
    assert names(tmp_path) == ["run"]


def test_the_latest_of_several_folders_is_put_back(tmp_path):
    path = tmp_path / "run"
    for index, process in enumerate((dead_process(), dead_process())):
        aside(path, process).mkdir()
        (aside(path, process) / f"{index}").touch()
        time.sleep(0.05)  # the clock of the file system is coarse
    with pytest.raises(ValueError, match="already exists"):
        staged_folder(path).__enter__()
    assert names(path) == ["1"]
    assert names(tmp_path) == ["run"]


def test_folder_that_a_living_process_moved_aside_is_kept(tmp_path):
    path = tmp_path / "run"
    aside(path, os.getppid()).mkdir()
    replace(path)
    assert names(tmp_path) == [aside(path, os.getppid()).name, "run"]


def test_folder_that_was_put_back_is_checked_as_any_other(tmp_path):
    path = tmp_path / "run"
    left = aside(path, dead_process())
    left.mkdir()
    (left / "thesis.txt").touch()
    with pytest.raises(ValueError, match=r"holds no manifest\.json"):
        staged_folder(path, overwrite=True, marker="manifest.json").__enter__()
    assert names(path) == ["thesis.txt"]


def test_folder_behind_a_link_is_replaced_where_it_is(tmp_path):
    path, link = tmp_path / "disk" / "data", tmp_path / "run"
    path.mkdir(parents=True)
    (path / "old").touch()
    link.symlink_to(path)
    replace(link)
    assert link.is_symlink()
    assert names(path) == ["new"]
    assert (names(tmp_path), names(path.parent)) == (["disk", "run"], ["data"])


def test_file_behind_a_link_is_replaced_where_it_is(tmp_path):
    path, link = tmp_path / "disk" / "data", tmp_path / "run"
    path.parent.mkdir()
    for text in ("first", "second"):  # the link leads nowhere at first
        if text == "first":
            link.symlink_to(path)
        with staged_file(link, overwrite=True) as partial:
            assert partial.parent == path.parent
            partial.write_text(text)
        assert link.is_symlink()
        assert path.read_text() == text
    with pytest.raises(ValueError, match="already exists"):
        staged_file(link).__enter__()
    assert (names(tmp_path), names(path.parent)) == (["disk", "run"], ["data"])


@pytest.mark.parametrize("name", [".", "../here"])
def test_current_folder_is_refused(tmp_path, monkeypatch, name):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    with pytest.raises(ValueError, match="is the current folder; name a new folder in it"):
        staged_folder(name, overwrite=True).__enter__()


def test_folder_needs_every_marker_to_be_replaced(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "config.json").touch()
    staged = staged_folder(tmp_path / "a", overwrite=True, marker=("config.json", "SHA256SUMS"))
    with pytest.raises(ValueError, match="holds no SHA256SUMS"):
        staged.__enter__()
    (tmp_path / "a" / "SHA256SUMS").touch()
    replace(tmp_path / "a", marker=("config.json", "SHA256SUMS"))
    assert names(tmp_path / "a") == ["new"]
