import numpy as np
import pytest

from tomoseg_tf.records import write_records
from tomoseg_tf.studies import checking
from tomoseg_tf.training import check_recipe


@pytest.fixture
def records(tmp_path):
    volume = np.random.default_rng(0).integers(0, 200, (32, 8, 8)).astype(np.uint8)
    split = {"patch": (8, 8, 8), "split": "block", "fractions": (0.5, 0.5, 0.0), "guard": 0}
    write_records(tmp_path / "records", [(volume, (volume > 150).astype(np.uint8))], **split)
    return tmp_path / "records"


@pytest.mark.parametrize("gpus", [[], ["0"]])
def test_one_recipe_of_several_is_enough(records, monkeypatch, gpus):
    """Beside GPUs, a process that sees none of them tells."""
    monkeypatch.setattr(checking, "visible_gpus", lambda: gpus)
    fits, deep = (
        check_recipe({"model": {"arguments": {"levels": levels, "base_features": 2}}})
        for levels in (2, 6)
    )
    cases = [("one", [deep, fits], records), ("two", [deep], records)]
    with pytest.raises(ValueError, match=r"^two: the crop 8,8,8 does not fit unet_3d"):
        checking.check_trainings(cases)
    checking.check_trainings([])
    if not gpus:
        checking.check_trainings(cases[:1])
