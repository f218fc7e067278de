"""Mirrors: weights by name from a folder or a plain web server."""

import functools
import json
import shutil
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from tomoseg_tf.weights import (
    find_weights,
    mirror_weights,
    open_weights,
    rewrite_weights,
    shipped_weights,
)
from tomoseg_tf.weights.index import read_index
from tomoseg_tf.weights.mirror import list_mirror
from tomoseg_tf.weights.sources import open_sources


@pytest.fixture
def mirror(plain, tmp_path):
    mirror_weights(open_sources([str(plain)]), tmp_path / "mirror")
    return tmp_path / "mirror"


@pytest.fixture
def served(mirror):
    """The mirror's address at the web server that comes with Python."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=mirror))
    Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield f"http://127.0.0.1:{http.server_port}"
    http.shutdown()
    http.server_close()


def test_a_mirror_tells_what_it_has(mirror, plain):
    names = {path.name for path in mirror.iterdir()}
    own = {f"steel_pores{suffix}" for suffix in (".md", ".png", ".zip")}
    assert names == {"index.html", "index.json", *own}
    (entry,) = list_mirror(mirror)
    assert (entry.name, entry.model, entry.dimensions) == ("steel_pores", "unet_3d", 3)
    assert entry.bytes == (mirror / "steel_pores.zip").stat().st_size
    assert entry.parameters == 366593
    page = (mirror / "index.html").read_text()
    assert f"<code>{entry.sha256}</code>" in page
    assert '<a href="steel_pores.zip">' in page
    assert "0.02933 µm" in page


def test_names_are_found_in_a_folder(mirror, plain, monkeypatch):
    monkeypatch.setenv("TOMOSEG_TF_WEIGHTS", str(mirror))
    assert open_weights("steel_pores").hashes == open_weights(plain).hashes
    assert find_weights("unet_2d_alcu") == shipped_weights()["unet_2d_alcu"]
    with pytest.raises(ValueError, match=r"nor in the mirror .*mirror \(TOMOSEG_TF_WEIGHTS\)$"):
        find_weights("steel_bores")


def test_names_are_found_at_an_address_and_kept(served, mirror, plain, monkeypatch):
    for place in (served, f"{served}/", f"{served}/index.json"):
        monkeypatch.setenv("TOMOSEG_TF_WEIGHTS", place)
        folder = find_weights("steel_pores")
    assert open_weights(folder).hashes == open_weights(plain).hashes
    shutil.rmtree(mirror)
    assert find_weights("steel_pores") == folder
    with pytest.raises(ValueError, match=r"index\.json: the server answers 404"):
        find_weights("other")


def test_a_folder_of_weights_folders_will_do(plain, monkeypatch):
    monkeypatch.setenv("TOMOSEG_TF_WEIGHTS", str(plain.parent))
    monkeypatch.chdir("/")
    assert find_weights("steel_pores") == plain
    with pytest.raises(ValueError, match="nor in the mirror"):
        find_weights("other")
    with pytest.raises(ValueError, match="nor in the mirror"):
        find_weights("../" + plain.parent.name)


def test_an_archive_that_is_not_the_one_of_the_index_is_refused(mirror, monkeypatch):
    monkeypatch.setenv("TOMOSEG_TF_WEIGHTS", str(mirror))
    with (mirror / "steel_pores.zip").open("ab") as file:
        file.write(b"x")
    with pytest.raises(ValueError, match=r"steel_pores\.zip is not the file that was named"):
        find_weights("steel_pores")


def test_a_mirror_that_is_none(tmp_path, monkeypatch):
    monkeypatch.setenv("TOMOSEG_TF_WEIGHTS", str(tmp_path / "nowhere"))
    with pytest.raises(ValueError, match=r"nowhere is no mirror of weights: index\.json"):
        find_weights("steel_pores")


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda text: text[:50], "no index of weights: Invalid JSON"),
        (lambda text: text.replace("steel_pores", "../evil"), "cannot be the name of weights"),
        (lambda text: text.replace('"sha256"', '"md5"'), r"key 'weights\.0\.sha256' is missing"),
    ],
)
def test_an_index_that_is_none(mirror, change, match):
    path = mirror / "index.json"
    path.write_text(change(path.read_text()))
    with pytest.raises(ValueError, match=match):
        read_index(mirror)


def test_later_layouts_may_have_more_keys(mirror):
    path = mirror / "index.json"
    values = json.loads(path.read_text())
    values["weights"][0]["stars"] = 5
    path.write_text(json.dumps({**values, "format": 2, "by": "me"}))
    assert read_index(path).find("steel_pores").name == "steel_pores"


def test_mirrors_archives_folders_and_names_become_one_mirror(served, mirror, plain, tmp_path):
    other = tmp_path / "grains"
    shutil.copytree(plain, other)
    sources = ["unet_2d_alcu", f"{served}/", str(mirror), str(plain), str(other)]
    index = mirror_weights(open_sources(sources), tmp_path / "all")
    assert [entry.name for entry in index.weights] == ["grains", "steel_pores", "unet_2d_alcu"]
    again = mirror_weights(open_sources([str(tmp_path / "all")]), tmp_path / "copy")
    assert again == index
    for name in ("index.json", "index.html", "grains.zip"):
        assert (tmp_path / "copy" / name).read_bytes() == (tmp_path / "all" / name).read_bytes()


def test_a_mirror_that_was_renewed_is_copied_as_it_is_now(served, mirror, plain, tmp_path):
    open_sources([f"{served}/"])
    fitted = rewrite_weights(open_weights(plain), card="# New\n")
    index = mirror_weights([fitted], mirror, overwrite=True)
    (found,) = open_sources([f"{served}/"])
    assert found.read_card() == "# New\n"
    assert mirror_weights([found], tmp_path / "copy") == index


def test_two_of_one_name_are_refused(plain, tmp_path):
    other = tmp_path / "x" / "Steel_Pores"
    shutil.copytree(plain, other)
    with pytest.raises(ValueError, match=r"two weights are called [Ss]teel_[Pp]ores; rename"):
        mirror_weights(open_sources([str(plain), str(other)]), tmp_path / "mirror")
    assert not (tmp_path / "mirror").exists()


def test_only_a_mirror_is_replaced(plain, mirror, tmp_path):
    opened = open_sources([str(plain)])
    with pytest.raises(ValueError, match="already exists"):
        mirror_weights(opened, mirror)
    with pytest.raises(ValueError, match=r"holds no index\.json"):
        mirror_weights(opened, plain, overwrite=True)
    mirror_weights(opened, mirror, overwrite=True)
    shutil.copytree(plain, mirror / "own")
    with pytest.raises(ValueError, match=r"mirror holds the input .*own; name another"):
        mirror_weights(open_sources([str(mirror / "own")]), mirror, overwrite=True)
    site = tmp_path / "site"
    site.mkdir()
    (site / "index.json").write_text('{"title": "mine"}')
    with pytest.raises(ValueError, match=r"site/index\.json is no index of weights"):
        mirror_weights(opened, site, overwrite=True)
    assert (site / "index.json").exists()
