"""Weights by address, archive and name: fetched once, kept, and used without a network."""

import re
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from tomoseg_tf.volume import file_hash
from tomoseg_tf.weights import (
    cache_folder,
    check_own,
    find_weights,
    open_weights,
    pack_weights,
    rewrite_weights,
)
from tomoseg_tf.weights.address import is_address, split_pin
from tomoseg_tf.weights.fetching import cached_weights, origin_of


@pytest.fixture
def archive(plain, tmp_path):
    pack_weights(plain, tmp_path / "a.zip", name="pores")
    return tmp_path / "a.zip"


@pytest.fixture
def address(server, archive):
    server.files["/a.zip"] = archive.read_bytes()
    return f"{server.address}/a.zip"


def left_behind(cache):
    """Files in the cache that belong to no entry."""
    names = (path.name for path in (cache / "weights").iterdir())
    return [name for name in names if not re.fullmatch(r"[0-9a-f]{20}|\.[0-9a-f]{20}\.lock", name)]


def test_an_address_is_fetched_once_and_used_offline(server, address, plain, cache):
    seen = []
    folder = find_weights(address, progress=lambda done, total: seen.append((done, total)))
    assert folder.name == "pores"
    assert cache in folder.parents
    assert seen[-1][0] == seen[-1][1] > 1_000_000
    server.close()
    again = open_weights(address)
    assert again.folder == folder
    assert again.hashes == open_weights(plain).hashes
    assert len(server.asked) == 1
    assert origin_of(folder)["address"] == address
    assert cached_weights() == [folder]
    assert left_behind(cache) == []


def test_a_path_made_of_an_address_is_still_one(address):
    assert find_weights(Path(address)) == find_weights(address)


def test_the_hash_behind_an_address_is_checked(server, address, archive):
    digest = file_hash(archive)
    with pytest.raises(ValueError, match=rf"its SHA-256 is {digest}, not {'0' * 64}"):
        find_weights(f"{address}#sha256={'0' * 64}")
    assert cached_weights() == []
    pinned = find_weights(f"{address}#sha256={digest.upper()}")
    assert pinned == find_weights(address)
    with pytest.raises(ValueError, match="is not the file that was named"):
        find_weights(f"{address}#sha256={'0' * 64}")
    assert find_weights(address) == pinned
    with pytest.raises(ValueError, match="'abc' is no SHA-256, which has 64"):
        find_weights(f"{address}#sha256=abc")


@pytest.mark.parametrize("spoil", ["truncated", "tampered", "page"])
def test_a_spoilt_archive_is_refused_and_nothing_kept(server, address, cache, spoil):
    content = server.files["/a.zip"]
    server.files["/a.zip"] = {
        "truncated": content[: len(content) // 2],
        "tampered": content.replace(b"# unet_3d_micropillar", b"# unet_3d_micropilla!"),
        "page": b"<!doctype html><title>Sign in</title>",
    }[spoil]
    with pytest.raises(ValueError, match=rf"^{re.escape(address)}.* (damaged|no zip)") as caught:
        find_weights(address)
    assert "\n" not in str(caught.value)
    assert cached_weights() == []
    assert left_behind(cache) == []
    server.files["/a.zip"] = content
    assert find_weights(address).is_dir()


def test_fetching_again_replaces_what_is_kept(server, address, plain, tmp_path):
    before = open_weights(address)
    rewrite_weights(open_weights(plain), card="# New\n")
    pack_weights(plain, tmp_path / "b.zip", name="pores")
    server.files["/a.zip"] = (tmp_path / "b.zip").read_bytes()
    assert open_weights(address).read_card() == before.read_card()
    find_weights(address, again=True)
    assert open_weights(address).read_card() == "# New\n"
    server.files["/a.zip"] = b""
    with pytest.raises(ValueError, match="it is empty"):
        find_weights(address, again=True)
    assert open_weights(address).read_card() == "# New\n"


def test_damage_in_the_cache_is_mended(server, address):
    folder = find_weights(address)
    (folder / "model.weights.h5").write_bytes(b"")
    assert open_weights(address).count_parameters() == 366593
    assert len(server.asked) == 2


def test_processes_that_fetch_at_once_download_once(server, address):
    content = server.files["/a.zip"]

    def slow(handler):
        time.sleep(0.5)
        server.serve(handler, content)

    server.answers["/a.zip"] = slow
    program = "import sys; from tomoseg_tf.weights import find_weights as f; print(f(sys.argv[1]))"
    command = [sys.executable, "-c", program, address]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    folders = {process.communicate(timeout=600)[0].strip() for process in started}
    assert [process.returncode for process in started] == [0, 0]
    assert folders == {str(find_weights(address))}
    assert len(server.asked) == 1


def test_an_archive_is_unpacked_once(archive, plain, cache):
    folder = find_weights(archive)
    assert folder == find_weights(f"{archive}#sha256={file_hash(archive)}")
    assert folder == find_weights(f"file://{archive}")
    assert open_weights(archive).hashes == open_weights(plain).hashes
    assert left_behind(cache) == []
    with pytest.raises(ValueError, match=r"a\.zip is not the file that was named"):
        find_weights(f"{archive}#sha256={'0' * 64}")


def test_a_folder_by_address(plain):
    assert find_weights(f"file://{plain}") == plain
    with pytest.raises(ValueError, match="there is no such file or folder"):
        find_weights(f"file://{plain}x")
    with pytest.raises(ValueError, match="is a file of another machine"):
        find_weights("file://server/share/a.zip")
    with pytest.raises(ValueError, match="only of an archive"):
        find_weights(f"{plain}#sha256={'0' * 64}")


def test_a_cache_that_cannot_be_written_is_named(tmp_path, archive, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("TOMOSEG_TF_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(ValueError, match=r"cannot be kept there .*; set TOMOSEG_TF_CACHE to"):
        find_weights(archive)


def test_where_the_cache_is(monkeypatch, tmp_path):
    assert cache_folder() == tmp_path / "cache"
    monkeypatch.delenv("TOMOSEG_TF_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/x")
    assert str(cache_folder()) == "/x/tomoseg-tf"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/home/me")
    assert str(cache_folder()) == "/home/me/.cache/tomoseg-tf"


def test_what_is_kept_is_not_changed(archive, plain):
    with pytest.raises(ValueError, match=r"were fetched and stay as they are; .* fetch SOURCE -o"):
        check_own(open_weights(archive))
    check_own(open_weights(plain))


def test_what_cannot_be_replaced_is_refused_before_any_work(plain, monkeypatch):
    fitted = open_weights(plain)
    monkeypatch.setattr("os.access", lambda path, mode: path != plain.resolve().parent)
    with pytest.raises(ValueError, match=r"nothing can be written in .*; copy the folder and name"):
        check_own(fitted)
    monkeypatch.chdir(plain)
    with pytest.raises(ValueError, match=rf"is the current folder, .* name {plain.name} from"):
        check_own(open_weights("."))


def test_other_archives_are_to_be_unpacked(tmp_path):
    (tmp_path / "a.tar.gz").write_bytes(b"\x1f\x8b")
    with pytest.raises(ValueError, match=r"a\.tar\.gz is an archive of another kind"):
        find_weights(str(tmp_path / "a.tar.gz"))


def test_other_files_are_to_be_imported(tmp_path):
    (tmp_path / "a.h5").write_bytes(b"\x89HDF")
    with pytest.raises(ValueError, match="import it first"):
        find_weights(tmp_path / "a.h5")
    with zipfile.ZipFile(tmp_path / "a.keras", "w") as file:
        file.writestr("config.json", "{}")
    with pytest.raises(ValueError, match="is a whole model of Keras; save its weights alone"):
        find_weights(tmp_path / "a.keras")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("https://a.org/b.zip?download=1", "https://a.org/b.zip?download=1"),
        ("HTTPS:/a.org/b.zip#top", "https://a.org/b.zip"),
        ("file:///a%20b/c.zip", "/a b/c.zip"),
        ("file:/a/c.zip", "/a/c.zip"),
        ("a/b.zip", "a/b.zip"),
    ],
)
def test_addresses_are_told_from_paths(text, place):
    assert split_pin(text) == (place, None)
    assert split_pin(f"{text.partition('#')[0]}#sha256={'aB' * 32}") == (place, "ab" * 32)
    assert is_address(text) == (":" in text)
