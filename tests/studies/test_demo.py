import json

import numpy as np
import pytest
import tifffile

from tomoseg_tf.bundle import bundled
from tomoseg_tf.phantom import Micropillar
from tomoseg_tf.studies.demo import demo


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo") / "results"
    demo(folder)
    return folder


def test_the_example_scan_is_the_simulated_one():
    grey, truth = Micropillar((48, 224, 224), 2022).slab(0, 48)
    shipped = tifffile.imread(bundled("example") / "pillar.tif")
    assert np.mean(shipped != grey) < 1e-4  # rounding may differ between processors
    np.testing.assert_array_equal(tifffile.imread(bundled("example") / "truth.tif"), truth)


def test_the_folder_holds_segmentation_figures_and_scores(folder):
    assert sorted(path.name for path in folder.iterdir()) == [
        "confusion_matrix.csv",
        "confusion_matrix.png",
        "panels.png",
        "probabilities.tif",
        "report.html",
        "scores.json",
        "segmentation.tif",
    ]
    probabilities = tifffile.imread(folder / "probabilities.tif")
    segmentation = tifffile.imread(folder / "segmentation.tif")
    np.testing.assert_array_equal(segmentation, probabilities > 0.5)
    truth = tifffile.imread(bundled("example") / "truth.tif")
    scores = json.loads((folder / "scores.json").read_text())
    both = np.sum(segmentation & truth)
    assert scores["classes"][1]["recall"] == pytest.approx(both / truth.sum())
    assert scores["classes"][1]["precision"] == pytest.approx(both / segmentation.sum())
    assert [row["low"] for row in scores["sizes"]] == [0, 2, 5]


def test_a_folder_with_files_of_somebody_else_is_not_replaced(folder):
    (folder / "my_tracks.csv").touch()
    with pytest.raises(ValueError, match=r"holds my_tracks\.csv, which would be lost"):
        demo(folder, overwrite=True)
    (folder / "my_tracks.csv").unlink()


def test_the_report_shows_the_scores_and_names_its_files(folder):
    report = (folder / "report.html").read_text(encoding="utf-8")
    dice = json.loads((folder / "scores.json").read_text())["classes"][1]["dice"]
    assert f"<strong>{dice:.4f}</strong>" in report
    assert '<td class="left">segmentation.tif</td>' in report
    assert "partial" not in report


def test_the_weights_find_the_objects(folder):
    found = json.loads((folder / "scores.json").read_text())["classes"][1]
    assert found["recall"] >= 0.9
    assert found["precision"] >= 0.85


def test_an_earlier_demonstration_is_kept_unless_told_otherwise(folder, tmp_path):
    with pytest.raises(ValueError, match="already exists"):
        demo(folder)
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.tex").write_text("years of work")
    with pytest.raises(ValueError, match="already exists and holds no"):
        demo(tmp_path / "thesis", overwrite=True)
    assert (tmp_path / "thesis" / "chapter.tex").exists()
