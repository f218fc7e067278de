import numpy as np
import pytest

from tomoseg_tf.plots import plot_scores, read_scores, score_data

COMPARED = """label,network,epochs,miou,accuracy,iou_matrix,iou_fine_pore,split
unet_2d,unet_2d,3,0.8,0.9,0.95,0.65,test
otsu,otsu,,0.5,0.7,1.0,,test
"""
ABLATION = """levels,base_features,accuracy,recall,precision,dice
4,8,0.999,0.7,0.8,0.75
3,8,0.998,0.6,,
"""


def test_bars_of_a_comparison(tmp_path):
    (tmp_path / "table.csv").write_text(COMPARED)
    labels, scores = read_scores(tmp_path)
    assert labels == ["unet_2d", "otsu"]
    assert [*scores] == ["miou", "accuracy", "iou_matrix", "iou_fine_pore"]
    ax = plot_scores(labels, scores)
    assert [bar.get_width() for bar in ax.patches] == [0.8, 0.5, 0.95, 1.0, 0.65, 0.0]
    texts = [text.get_text() for text in ax.figure.legends[0].get_texts()]
    assert texts == ["mIoU", "IoU, matrix", "IoU, fine pore"]
    assert [text.get_text() for text in ax.texts][-2:] == ["0.650", "–"]
    assert [*score_data(labels, scores, names=["iou"])] == ["label", "iou_matrix", "iou_fine_pore"]


def test_bars_of_an_ablation(tmp_path):
    (tmp_path / "table.csv").write_text(ABLATION)
    labels, scores = read_scores(tmp_path / "table.csv")
    assert labels == ["4 levels, base 8", "3 levels, base 8"]
    assert np.isnan(scores["dice"][1])
    ax = plot_scores(labels, scores, width="double")
    texts = [text.get_text() for text in ax.figure.legends[0].get_texts()]
    assert texts == ["Dice", "Recall", "Precision"]


def test_mistakes(tmp_path):
    path = tmp_path / "table.csv"
    with pytest.raises(ValueError, match=r"does not exist; name the table\.csv"):
        read_scores(path)
    for text in ("", "label,miou\n", "a,b\n1,2\n"):
        path.write_text(text)
        with pytest.raises(ValueError, match="is no table of a comparison or ablation"):
            read_scores(path)
    path.write_text("label,miou\na,x\n")
    with pytest.raises(ValueError, match="a score is no number"):
        read_scores(path)
    with pytest.raises(ValueError, match="no score 'f1'; it has miou"):
        plot_scores(["a"], {"miou": [0.5]}, names=["f1"])
