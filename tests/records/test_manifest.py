import json
import shutil

import pytest

from tomoseg_tf.records import read_manifest


@pytest.fixture
def copy(folder, tmp_path):
    """A folder with a copy of the manifest that a test may change."""
    shutil.copy(folder / "manifest.json", tmp_path)
    return tmp_path


def test_manifest_is_plain_json(folder, records):
    content = json.loads((folder / "manifest.json").read_text())
    assert content == records.manifest.model_dump(mode="json")
    assert content["split"] == {
        "method": "sample",
        "fractions": [0.6, 0.3, 0.1],
        "test_samples": [2],
        "guard": None,
        "cover": "drop",
        "validation_samples": [],
        "slices": None,
        "skip_empty": False,
    }


def change(folder, edit):
    path = folder / "manifest.json"
    content = json.loads(path.read_text())
    edit(content)
    path.write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda m: m.update(format=2), "has format 2, but this version reads 1"),
        (lambda m: m.update(colour="red"), "manifest.json: colour: Extra inputs"),
        (lambda m: m.pop("patch"), "manifest.json: patch: Field required"),
        (lambda m: m["shards"]["test"][0].update(name="../x"), "not a plain file name"),
        (lambda m: m["shards"]["test"][0].update(records=9), "lists 3 patches"),
    ],
)
def test_wrong_manifest(copy, edit, message):
    change(copy, edit)
    with pytest.raises(ValueError, match=message):
        read_manifest(copy)


def test_folder_without_manifest(tmp_path):
    with pytest.raises(ValueError, match=r"is not a folder of records: it has no manifest.json"):
        read_manifest(tmp_path)
    with pytest.raises(ValueError, match="is not a folder of records"):
        read_manifest(tmp_path / "missing")


def test_manifest_that_is_no_json(copy):
    (copy / "manifest.json").write_text('{"format": 1,')
    with pytest.raises(ValueError, match=r"manifest.json is not JSON"):
        read_manifest(copy)
