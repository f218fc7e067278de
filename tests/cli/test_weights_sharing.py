"""Weights packed, fetched, mirrored and listed by the command line; nothing loads Keras."""

import json
import shutil

import pytest

from tomoseg_tf.volume import file_hash
from tomoseg_tf.weights import open_weights, shipped_weights

COMMAND = ("weights",)


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with the weights "pores", an empty cache and no mirror."""
    monkeypatch.setenv("TOMOSEG_TF_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("TOMOSEG_TF_WEIGHTS", raising=False)
    monkeypatch.chdir(tmp_path)
    shutil.copytree(shipped_weights()["unet_3d_micropillar"], tmp_path / "pores")
    return tmp_path


def test_weights_go_through_an_archive(run, place):
    code, out, err = run("pack", "pores", "a.zip", "--name", "steel")
    digest = file_hash(place / "a.zip")
    assert (code, err) == (0, "")
    assert out == f"a.zip: 1.7 MB, SHA-256 {digest}\n"
    assert "already exists" in run("pack", "pores", "a.zip")[2]
    code, out, _ = run("fetch", "a.zip", "--sha256", digest, "-o", "mine")
    assert (code, out) == (0, "mine: 366,593 parameters, in mine\n")
    assert open_weights("mine").hashes == open_weights("pores").hashes
    assert "already exists" in run("fetch", "a.zip", "-o", "mine")[2]
    code, _, err = run("fetch", f"file://{place}/a.zip", "--sha256", "0" * 64)
    assert (code, err.count("\n"), "is not the file that was named" in err) == (1, 1, True)
    found = json.loads(run("info", "a.zip", "--json")[1])
    assert (found["name"], found["licence"]) == ("steel", "BSD-3-Clause")
    listed = run("list", "--cached")[1]
    assert listed.splitlines()[2].startswith("steel  3D  ".replace("  ", "   "))


def test_a_card_is_edited_and_sealed(run, place):
    (place / "pores" / "README.md").write_text("# Mine\n\nFor tests.\n")
    (place / "pores" / "LICENSE.txt").write_text("Mine.\n")
    code, _, err = run("pack", "pores", "a.zip")
    assert (code, "tomoseg-tf weights seal pores" in err) == (1, True)
    code, out, _ = run("seal", "pores")
    assert (code, "LICENSE.txt" in out) == (0, True)
    assert run("pack", "pores", "a.zip")[::2] == (0, "")
    assert run("info", "a.zip")[1].startswith("# Mine\n")
    assert run("seal", place)[0] == 1


def test_a_file_that_is_not_listed_is_named(run, place):
    (place / "pores" / "LICENSE.txt").write_text("Mine.\n")
    code, _, err = run("pack", "pores", "a.zip")
    assert code == 0
    assert err == (
        "not packed, since SHA256SUMS does not list them: LICENSE.txt; to add them: "
        "tomoseg-tf weights seal pores\n"
    )


def test_a_mirror_is_made_listed_and_used(run, place, monkeypatch):
    code, out, err = run("mirror", "all", "pores", "-o", "mirror")
    assert (code, err) == (0, "")
    assert out.endswith(f"To use it: TOMOSEG_TF_WEIGHTS={place}/mirror\n")
    listed = json.loads(run("list", "mirror", "--json")[1])["weights"]
    names = [each["name"] for each in listed]
    assert names == sorted([*shipped_weights(), "pores"])
    shutil.rmtree("pores")
    assert run("info", "pores")[0] == 1
    monkeypatch.setenv("TOMOSEG_TF_WEIGHTS", str(place / "mirror"))
    assert run("info", "pores")[0] == 0
    assert "\npores " in run("list")[1]
    assert run("fetch", "pores")[1].startswith("pores: 366,593 parameters, in ")


def test_a_mirror_that_may_not_be_written_is_refused_before_anything_is_fetched(run, place):
    assert run("mirror", "pores", "-o", "mirror")[0] == 0
    code, out, err = run("mirror", "http://127.0.0.1:9/x.zip", "-o", "mirror")
    assert (code, out) == (1, "")
    assert err.startswith("Error: mirror already exists")


def test_a_mirror_that_does_not_answer_is_a_notice(run, place, monkeypatch):
    monkeypatch.setenv("TOMOSEG_TF_WEIGHTS", str(place / "mirror"))
    (place / "mirror").mkdir()
    (place / "mirror" / "index.json").write_text("{")
    code, out, err = run("list")
    assert (code, "unet_3d_micropillar" in out) == (0, True)
    assert err.startswith("The mirror cannot be listed: ")


def test_other_commands_take_an_archive(run, place, monkeypatch):
    from tomoseg_tf.cli.weights_source import WEIGHTS

    run("pack", "pores", "a.zip")
    folder = WEIGHTS.convert("a.zip", None, None)
    assert open_weights(folder).name == "pores"
    for plain in ("pores", "unet_2d_alcu", "nothing"):
        assert WEIGHTS.convert(plain, None, None) == plain


def test_an_export_needs_an_author(run, place):
    code, _, err = run("bioimageio", "pores", "a.zip")
    assert (code, "--author" in err) == (2, True)
