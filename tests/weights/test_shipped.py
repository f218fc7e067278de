import subprocess
import sys

import pytest

from tomoseg_tf import bundle
from tomoseg_tf.weights import find_weights, shipped_weights, verify_weights

SHIPPED = (
    "residual_unet_3d_dendrite",
    "unet_2d_alcu",
    "unet_2d_sandstone",
    "unet_3d_inclusions",
    "unet_3d_micropillar",
)  # one name for each folder in weights/


def test_these_weights_come_with_the_package():
    assert tuple(shipped_weights()) == SHIPPED


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_weights_are_whole_and_load(name):
    assert verify_weights(name).name == name


@pytest.fixture
def places(tmp_path, monkeypatch):
    """A package in a checkout, as the lookup sees it; no weights yet."""
    monkeypatch.setattr(bundle, "__file__", str(tmp_path / "checkout" / "tomoseg_tf" / "bundle.py"))
    return tmp_path / "checkout"


def put(folder):
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    return folder


def test_weights_lie_in_the_package_else_in_the_checkout(places):
    assert shipped_weights() == {}
    mine = put(places / "weights" / "b")
    (places / "weights" / "notes").mkdir()
    assert shipped_weights() == {"b": mine}
    fitted = put(places / "tomoseg_tf" / "fitted" / "a")
    assert shipped_weights() == {"a": fitted}


def test_an_existing_folder_comes_before_a_shipped_name(places, tmp_path, monkeypatch):
    known = put(places / "weights" / "known")
    monkeypatch.chdir(tmp_path)
    assert find_weights("known") == known
    put(tmp_path / "known")
    assert find_weights("known").resolve() == (tmp_path / "known").resolve()


def test_what_is_no_weights_folder_is_explained(places, tmp_path):
    put(places / "weights" / "known")
    with pytest.raises(ValueError, match=r"no weights 'x': neither .* shipped name \(known\)"):
        find_weights("x")
    (tmp_path / "a.h5").write_bytes(b"")
    with pytest.raises(ValueError, match=r"import it first: tomoseg-tf weights import .*a.h5"):
        find_weights(tmp_path / "a.h5")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match=r"config.json is missing$"):
        find_weights(tmp_path / "empty")
    put(tmp_path / "run" / "best_dice")
    with pytest.raises(ValueError, match=r"name one: .*best_dice"):
        find_weights(tmp_path / "run")


def test_no_part_of_a_shipped_name_leaves_the_place(places):
    put(places / "secret")
    (places / "weights").mkdir()
    with pytest.raises(ValueError, match="no weights"):
        find_weights("../secret")


def test_listing_weights_loads_no_keras():
    program = "import sys, tomoseg_tf.weights as w; w.list_weights(); print('keras' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert result.stdout == "False\n", result.stderr
