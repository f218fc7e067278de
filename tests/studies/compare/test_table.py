import csv
import dataclasses
import io
import json

import numpy as np

from tomoseg_tf.evaluation import scores
from tomoseg_tf.studies.compare.result import Result
from tomoseg_tf.studies.compare.table import Comparison

MATRIX = [[90, 10, 0], [5, 15, 0], [0, 0, 0]]  # the third class is neither there nor found


def comparison(**changes):
    found = scores(np.array(MATRIX), ("matrix", "inclusion", "pore")).to_dict()
    net = Result(
        label="net",
        kind="network",
        slice=(16, 24),
        scores=found,
        network="unet_2d",
        batch=4,
        epochs=10,
        best_epoch=7,
        loss="crossentropy_dice",
        training_seconds=90.0,
        seconds_per_slice=0.25,
        device="CPU",
        parameters=1_027_490,
        training_bytes=2_500_000_000,
        trained_by="mine with seed=3",
    )
    theirs = Result(label="theirs", kind="segmentation", slice=(16, 24), scores=found)
    settings = {
        "folder": "out",
        "records": "records",
        "split": "test",
        "patches": 6,
        "patch": (1, 16, 24),
        "classes": ("matrix", "inclusion", "pore"),
        "results": [net, theirs],
        "failures": {},
        "isolated": True,
    }
    return Comparison(**{**settings, **changes})


def test_markdown_holds_table_two_and_a_dash_where_it_does_not_apply():
    lines = comparison().markdown().splitlines()
    assert lines[0].startswith("| Entry | Network | Batch | Epochs | Loss | Training (min) |")
    assert lines[2] == (
        "| net | unet_2d | 4 | 10 | crossentropy_dice | 1.5 | 0.25 | 0.6786 | 1,027,490 "
        "| 2.50 / — | CPU |"
    )
    assert lines[3] == "| theirs | — | — | — | — | — | — | 0.6786 | — | — | — |"


def test_scores_are_those_worked_out_by_hand():
    """IoU 90/105 and 15/30, recall 0.9 and 0.75, precision 90/95 and 15/25; the mean of two."""
    row = comparison().markdown().splitlines()[7]
    numbers = ["0.8571", "0.5000", "—", "0.9000", "0.7500", "—", "0.9474", "0.6000", "—"]
    assert [cell.strip() for cell in row.strip("|").split("|")][2:] == ["0.8750", *numbers]


def test_boundary_scores_stand_in_a_table_of_their_own():
    one = {"bf1": 0.5, "bde": 1.25, "assd": None, "hd95": 3.0}
    net, theirs = comparison().results
    net = dataclasses.replace(net, boundaries={"tolerance": 4.0, "classes": [one] * 3})
    made = comparison(results=[net, theirs])
    head, _, first, second = made.markdown().splitlines()[10:14]
    assert head.startswith("| Entry | matrix BF1 | inclusion BF1 | pore BF1 | matrix BDE |")
    numbers = ["0.5000", "1.2500", "—", "3.0000"]
    cells = [cell.strip() for cell in first.strip("|").split("|")]
    assert cells == ["net", *(number for number in numbers for _ in range(3))]
    assert second.count("—") == 12
    row = next(csv.DictReader(io.StringIO(made.csv())))
    assert (row["bde_inclusion"], row["assd_pore"]) == ("1.25", "")


def test_csv_has_every_number_and_leaves_the_undefined_empty():
    rows = list(csv.DictReader(io.StringIO(comparison().csv())))
    assert [row["label"] for row in rows] == ["net", "theirs"]
    assert float(rows[0]["iou_matrix"]) == 90 / 105
    assert rows[0]["recall_pore"] == ""
    assert rows[0]["slice"] == "16x24"
    assert (rows[1]["parameters"], rows[1]["split"]) == ("", "test")


def test_json_has_null_for_what_is_not_defined():
    found = json.loads(json.dumps(comparison().to_dict(), allow_nan=False))
    assert found["results"][1]["parameters"] is None
    assert found["results"][0]["scores"]["classes"][2]["iou"] is None


def test_the_text_says_how_the_numbers_were_taken():
    text = comparison(split="validation", failures={"pspnet": "too large"}).table()
    assert "validation split of the records, 6 patches of 1 x 16 x 24 voxels; there is no" in text
    assert "slice of 16 x 24 voxels" in text
    assert "Trained by mine with seed=3: net." in text
    assert "pspnet failed: too large" in text
