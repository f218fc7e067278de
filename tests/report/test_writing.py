import base64
import csv
import io
import json
import re

import numpy as np
import pytest

from tomoseg_tf.objects import measure_objects, write_objects, write_table
from tomoseg_tf.plots import plot_panels
from tomoseg_tf.report import parse_size, scoring, write_report, writing
from tomoseg_tf.report.inputs import open_inputs
from tomoseg_tf.report.object_table import BOXES, PLACES, table_data
from tomoseg_tf.report.sizes import format_size

ALL = ["slices", "objects", "scores", "detection", "threshold", "sizes", "run"]
SECTIONS = re.compile(r'<section id="(\w+)"')
NAMES = ("matrix", "pore", "inclusion & <i>slag</i>")
RUN = {"format": 1, "kind": "tomoseg-tf training run", "classes": ["air", "<steel>"], "seed": 7}


def data_of(text, name):
    found = re.search(f'<script type="application/json" id="{name}-data">(.*?)</script>', text)
    return json.loads(found[1])


def test_sizes():
    assert [parse_size(text) for text in ("25MB", "1.5 kb", "3 gb", 77)] == [
        25_000_000,
        1500,
        3_000_000_000,
        77,
    ]
    assert format_size(15_463_000) == "15.5 MB"
    for wrong in ("", "MB", "-3MB", "0", "5 TB"):
        with pytest.raises(ValueError, match="such as 25MB"):
            parse_size(wrong)


def test_the_page_holds_everything_and_no_address(report):
    text = report.read_text(encoding="utf-8")
    assert SECTIONS.findall(text) == ALL
    outside = re.sub(r"base64,[\w+/=]+|<script type=\"text/plain\".*?</script>", "", text)
    assert not re.search(r"(?:https?:)?//\w", outside.replace("// ", ""))
    assert "@import" not in outside
    assert 'name="viewport"' in outside
    assert "Segmentation against truth, over 147,456 voxels." in outside


def test_texts_of_files_are_no_markup(report):
    text = report.read_text(encoding="utf-8")
    assert "<script>alert(1)" not in text
    assert "<i>slag" not in text
    assert "Balls &lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert data_of(text, "viewer")["names"][2] == "inclusion & <i>slag</i>"


def test_objects_and_slices_are_those_of_the_files(report, volumes):
    text = report.read_text(encoding="utf-8")
    table, viewer = data_of(text, "table"), data_of(text, "viewer")
    columns = measure_objects(volumes["segmentation"], volume=volumes["volume"]).columns
    assert table["label"] == list(range(1, 49))
    found = {column["name"]: column["values"] for column in table["columns"]}
    assert found["voxels"] == columns["voxels"].tolist()
    np.testing.assert_allclose(found["sphericity"], columns["sphericity"], atol=0.0006)
    np.testing.assert_allclose(found["grey_mean"], columns["grey_mean"], atol=0.51)
    np.testing.assert_allclose(table["places"][0], columns["centroid_z"], atol=0.051)
    assert viewer["shape"] == [12, 96, 128]
    assert viewer["spacing"] == pytest.approx([0.5, 0.5, 0.5])
    assert len(re.findall('<script type="text/plain"', text)) == 3 * 12


def data_files(text):
    """CSV files of the figures, by name: lists of rows."""
    found = re.findall(r'href="data:text/csv;base64,([^"]+)" download="([^"]+)"', text)
    files = {name: base64.b64decode(content).decode("utf-8") for content, name in found}
    return {name: [*csv.DictReader(io.StringIO(content))] for name, content in files.items()}


def test_figures_have_their_data(report):
    text = report.read_text(encoding="utf-8")
    files = data_files(text)
    assert len(files) == text.count("<figure")
    matrix = files["confusion_matrix_share_of_each_true_class_and_voxels.csv"]
    assert [row["truth"] for row in matrix[:3]] == [NAMES[0]] * 3
    assert sum(int(row["voxels"]) for row in matrix) == 147_456
    assert sum(int(row["objects_Truth"]) for row in files["objects_by_equivalent_radius.csv"]) == 47
    sizes = files["detection_of_objects_by_their_radius.csv"]
    assert (sizes[0]["radius"], sizes[0]["found"], sizes[0]["recall"]) == ("all", "1", "1")
    assert float(sizes[0]["precision"]) == pytest.approx(47 / 48)


def test_detection_and_probabilities_of_known_objects(tmp_path):
    """Four cubes, one of which the truth lacks; of the probabilities a known share came true."""
    truth = np.zeros((7, 20, 20), np.uint8)
    for y, x in ((2, 2), (2, 10), (10, 2)):
        truth[2:5, y : y + 3, x : x + 3] = 1
    segmentation = truth.copy()
    segmentation[2:5, 10:13, 10:13] = 1
    probabilities = np.where(segmentation, 0.75, 0.0).astype(np.float32)
    options = {"truth": truth, "probabilities": probabilities, "names": ("steel", "pore")}
    write_report(tmp_path / "r.html", segmentation, **options)
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert re.search(r"F1 of objects</dt>\s*<dd><strong>0.857</strong> <span>precision 0.75", text)
    assert "Over 2,800 voxels, 81 of them objects in the truth." in text
    rows = data_files(text)["precision_by_recall.csv"]
    assert ("0.75", "1") in [(row["precision"], row["recall"]) for row in rows]
    curve = data_files(text)["calibration.csv"]
    ranges = [row for row in curve if row["voxels"] != "0"]
    assert [(row["voxels"], row["frequency"]) for row in ranges] == [("2692", "0"), ("108", "0.75")]
    brier = (81 * 0.25**2 + 27 * 0.75**2) / 2800
    assert re.search(rf"Brier score</th>\s*<td>{brier:.3g}", text)
    nothing = np.zeros_like(truth)
    options |= {"truth": nothing}
    write_report(tmp_path / "s.html", nothing, **options)
    assert "Left out: truth" in (tmp_path / "s.html").read_text(encoding="utf-8")


def test_the_scale_bar_of_the_panels_is_by_the_spacing_given(monkeypatch):
    drawn = []

    def plot(*volumes, **options):
        drawn.extend(plot_panels(*volumes, **options))
        return drawn

    monkeypatch.setattr(scoring, "plot_panels", plot)
    nothing = np.zeros((3, 20, 40), np.uint8)
    options = {"volume": nothing, "truth": nothing, "spacing": (2, 2, 2), "names": ("a", "b")}
    scoring.score_section(open_inputs(nothing, **options))
    assert [text.get_text() for text in drawn[0].texts] == ["20 µm"]


def test_large_volumes_are_not_matched_and_the_page_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr("tomoseg_tf.report.writing.CHEAP", 10)
    nothing = np.zeros((3, 20, 30), np.uint8)
    summary = write_report(tmp_path / "r.html", nothing, truth=nothing)
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "detection" not in SECTIONS.findall(text)
    assert "evaluate --objects does it" in text
    assert any("not matched" in note for note in summary["notes"])


@pytest.mark.parametrize("wrong", [(), (2, 20, 20)])
def test_a_float_scan_with_voxels_that_are_not_finite(tmp_path, wrong):
    y, x = np.ogrid[:40, :40]
    grey = np.random.default_rng(0).normal(100, 5, (5, 40, 40)).astype(np.float32)
    grey[:, (y - 19.5) ** 2 + (x - 19.5) ** 2 > 19.5**2] = np.nan  # outside of what was scanned
    if wrong:
        grey[wrong] = np.nan
    segmentation = np.zeros(grey.shape, np.uint8)
    segmentation[1:4, 12:16, 12:16] = 1
    write_report(tmp_path / "r.html", segmentation, volume=grey)
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert ("Histogram of the grey levels" in text) == (not wrong)
    assert ("which tomoseg-tf plot grey draws: array: 1 voxels are NaN" in text) == bool(wrong)


def test_what_is_not_given_is_left_out(volumes, tmp_path):
    write_report(tmp_path / "scan.html", volume=volumes["volume"])
    text = (tmp_path / "scan.html").read_text(encoding="utf-8")
    assert SECTIONS.findall(text) == ["slices", "run"]
    table = tmp_path / "objects.csv"
    write_objects(volumes["segmentation"], table)
    write_report(tmp_path / "objects.html", objects=table)
    text = (tmp_path / "objects.html").read_text(encoding="utf-8")
    assert SECTIONS.findall(text) == ["objects", "sizes", "run"]


def test_numbers_that_are_not_known_are_no_zeros():
    whole = {"label": [1, 2], "class": [1, 1]}
    whole |= {f"{axis}_{end}": [0, 1] for axis in "zyx" for end in ("start", "stop")}
    whole |= {f"centroid_{axis}": [0.5, 1.5] for axis in "zyx"}
    whole |= {"grey_mean": [np.nan, 31234.5], "voxels": [8, 9]}
    data, _ = table_data({name: np.array(one) for name, one in whole.items()}, None, 10**6)
    voxels, grey = data["columns"]
    assert (grey["decimals"], grey["values"]) == (0, [None, 31234])
    assert (voxels["decimals"], voxels["values"]) == (0, [8, 9])


def test_a_table_or_comparison_that_is_not_there_is_refused_before_the_long_passes(
    volumes, tmp_path, monkeypatch
):
    for name in ("score_section", "measure_inputs"):
        monkeypatch.setattr(writing, name, lambda *_, **__: pytest.fail("is computed"))
    pair = {"truth": volumes["truth"]}
    for given, message in (
        ({"objects": tmp_path / "typo.csv"}, r"typo\.csv does not exist"),
        ({"comparison": tmp_path}, "holds neither comparison"),
    ):
        with pytest.raises(ValueError, match=message):
            write_report(tmp_path / "r.html", volumes["segmentation"], **pair, **given)


def test_an_empty_segmentation_gives_an_empty_table(tmp_path):
    nothing = np.zeros((3, 20, 30), np.uint8)
    write_report(tmp_path / "r.html", nothing, truth=nothing)
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert data_of(text, "table")["label"] == []


def test_the_largest_objects_are_kept_where_there_is_no_room(volumes):
    columns = measure_objects(volumes["segmentation"]).columns
    data, note = table_data(columns, None, 4000)
    kept = data["columns"][0]["values"]
    assert note == f"The table holds the {len(kept)} largest of 48 objects."
    assert sorted(kept) == sorted(columns["voxels"].tolist())[-len(kept) :]
    assert data["label"] == sorted(data["label"])


def test_a_report_keeps_its_size(volumes, tmp_path):
    summary = write_report(tmp_path / "r.html", volume=volumes["volume"], max_size="120kB")
    assert summary["bytes"] == (tmp_path / "r.html").stat().st_size <= 120_000
    with pytest.raises(ValueError, match="raise"):
        write_report(tmp_path / "s.html", volume=volumes["volume"], max_size="50kB")
    assert not (tmp_path / "s.html").exists()


def test_a_training_run(tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "manifest.json").write_text(json.dumps(RUN))
    (folder / "recipe.yaml").write_text("model: {name: '<b>unet_3d'}\n")
    rows = ["epoch,loss,dice,val_loss,val_dice,seconds", "1,0.9,0.1,0.8,0.2,3", "2,0.5,0.4,0.6,,3"]
    (folder / "history.csv").write_text("\n".join([*rows, "3,0.4,0.5,0.7,0.61,3\n"]))
    write_report(tmp_path / "r.html", run=folder)
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert SECTIONS.findall(text) == ["training", "run"]
    assert "air, &lt;steel&gt;" in text
    assert "&lt;b&gt;unet_3d" in text
    assert re.search(r"Validation dice</dt>\s*<dd><strong>0.61</strong> <span>epoch 3 of 3", text)
    (folder / "manifest.json").unlink()
    with pytest.raises(ValueError, match=r"manifest\.json does not exist"):
        write_report(tmp_path / "s.html", run=folder)


def comparison(folder):
    """Write the folder of a comparison of two entries, one without times."""
    folder.mkdir()
    scored = {"miou": 0.8, "confusion_matrix": [[9, 1], [1, 9]]}
    scored["classes"] = [{"iou": 0.8, "recall": 0.9, "precision": 0.9}] * 2
    bare = {"label": "otsu", "scores": {**scored, "miou": 0.7}}
    full = {"label": "<net>", "network": "unet_2d", "epochs": 3, "training_seconds": 60.0}
    full |= {"seconds_per_slice": 0.1, "parameters": 1234, "scores": scored}
    content = {"classes": ["air", "steel"], "results": [full, bare], "failures": {"x": "died"}}
    (folder / "comparison.json").write_text(json.dumps(content))


def test_a_comparison(tmp_path):
    comparison(tmp_path / "compared")
    write_report(tmp_path / "r.html", comparison=tmp_path / "compared")
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert SECTIONS.findall(text) == ["comparison", "run"]
    assert "&lt;net&gt;" in text
    assert "x failed: died." in text
    assert "1,234" in text
    assert text.count("<figure") == 3
    times = data_files(text)["times_and_scores.csv"]
    assert [row["iou_steel"] for row in times] == ["0.8", "0.8"]
    assert [row["training_minutes"] for row in times] == ["1", ""]
    (tmp_path / "compared" / "comparison.json").write_text('{"results": [{}], "classes": ["a"]}')
    with pytest.raises(ValueError, match="is incomplete"):
        write_report(tmp_path / "s.html", comparison=tmp_path / "compared")
    with pytest.raises(ValueError, match=r"holds neither comparison\.json nor search\.json"):
        write_report(tmp_path / "s.html", comparison=tmp_path)


def test_a_search(tmp_path):
    (tmp_path / "search.json").write_text("{}")
    rows = "trial,state,dice,judged,epochs,a.rate\n0,complete,0.81234,,3,0.001\n1,pruned,0.2,,1,2\n"
    (tmp_path / "table.csv").write_text(rows)
    write_report(tmp_path / "r.html", comparison=tmp_path)
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "2 trials, compared by dice" in text
    assert "0.8123" in text
    assert "judged" not in text


def test_what_does_not_belong_together_is_refused(volumes, tmp_path):
    path = tmp_path / "r.html"
    small = np.zeros((3, 4, 5), np.uint8)
    table = tmp_path / "t.csv"
    columns = {"label": np.array([1]), "class": np.array([1])}
    write_table(columns, table)
    sizeless = tmp_path / "sizeless.csv"
    write_table(columns | {name: np.array([1]) for name in (*PLACES, *BOXES)}, sizeless)
    labels = np.arange(60, dtype=np.uint8).reshape(3, 4, 5)
    far = {"volume": volumes["volume"], "truth": small}
    for arguments, message in (
        ({}, "nothing to report"),
        (far, "must be of one shape"),
        ({"objects": table}, "no column centroid_z"),
        ({"objects": sizeless}, "no column equivalent_radius_voxels"),
        ({"segmentation": labels}, "class"),
        ({"probabilities": small.astype(np.uint16), "volume": small}, "are no probabilities"),
        ({"volume": small, "max_size": "big"}, "such as 25MB"),
    ):
        with pytest.raises(ValueError, match=message):
            write_report(path, **arguments)
    with pytest.raises(ValueError, match=r"name it r\.html"):
        write_report(tmp_path / "r.pdf", volume=small)
    path.write_text("mine")
    with pytest.raises(ValueError, match="already exists"):
        write_report(path, volume=small)
    assert path.read_text() == "mine"
