import hashlib
import http.client
import shutil

import pytest

from tomoseg_tf.training.download import cache_folder, fetch


@pytest.fixture
def published(tmp_path, monkeypatch):
    """A file at an address that needs no network, and a cache of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = tmp_path / "weights.h5"
    path.write_bytes(b"values")
    return path, path.as_uri(), hashlib.md5(b"values").hexdigest()


def test_a_file_is_downloaded_once_and_kept(published):
    path, address, md5 = published
    kept = fetch(address, md5)
    assert kept == cache_folder() / "weights.h5"
    assert kept.read_bytes() == b"values"
    path.unlink()
    assert fetch(address, md5) == kept
    assert [each.name for each in kept.parent.iterdir()] == ["weights.h5"]


def test_a_damaged_copy_is_downloaded_again(published):
    _, address, md5 = published
    fetch(address, md5).write_bytes(b"other")
    assert fetch(address, md5).read_bytes() == b"values"


def test_a_file_that_is_not_the_published_one_is_refused_and_not_kept(published):
    _, address, _ = published
    with pytest.raises(
        ValueError, match=r"or not all of it \(6 bytes\): its MD5 is not 0+; .*copy"
    ):
        fetch(address, "0" * 32)
    assert not list(cache_folder().iterdir())


def test_without_the_file_one_line_says_what_to_do(published):
    path, address, md5 = published
    path.unlink()
    with pytest.raises(ValueError, match=r"be downloaded .*--set model\.encoder=null") as caught:
        fetch(address, md5)
    assert str(cache_folder() / "weights.h5") in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_damaged_copy_that_cannot_be_replaced_is_named(published):
    path, address, md5 = published
    kept = fetch(address, md5)
    kept.write_bytes(b"val")
    path.unlink()
    with pytest.raises(ValueError, match=f"{kept} is damaged, its MD5 is not {md5}"):
        fetch(address, md5)


def test_a_connection_that_breaks_is_one_line(published, monkeypatch):
    _, address, md5 = published

    def breaks(*args, **kwargs):
        raise http.client.IncompleteRead(b"val", 3)

    monkeypatch.setattr(shutil, "copyfileobj", breaks)
    with pytest.raises(ValueError, match="cannot be downloaded"):
        fetch(address, md5)
    assert not list(cache_folder().iterdir())
