import pytest

from tomoseg_tf.evaluation import format_score, format_share, scores


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.9993, "0.999300"),
        (0.99999999, "0.999999"),
        (1.0, "1.000000"),
        (1e-9, "0.000001"),
        (0.0, "0.000000"),
        (None, "-"),
        (float("nan"), "-"),
    ],
)
def test_score_is_never_rounded_to_perfect_or_nothing(value, text):
    assert format_score(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.002, "0.2000 %"),
        (0.99999999, "99.9999 %"),
        (1.0, "100.0000 %"),
        (1e-9, "0.0001 %"),
        (0.0, "0.0000 %"),
        (None, "-"),
    ],
)
def test_share_is_never_rounded_to_all_or_nothing(value, text):
    assert format_share(value) == text


def test_table_of_a_rare_class():
    table = scores([[16_744_448, 1_234], [2_345, 31_189]]).table()
    assert table == (
        "Voxels compared  16,779,216\n"
        "Accuracy           0.999787\n"
        "Mean IoU           0.948423\n"
        "\n"
        "Confusion matrix, voxels\n"
        "Truth \\ prediction  background  object\n"
        "--------------------------------------\n"
        "background          16,744,448   1,234\n"
        "object                   2,345  31,189\n"
        "\n"
        "Confusion matrix, share of each true class\n"
        "Truth \\ prediction  background     object\n"
        "-----------------------------------------\n"
        "background           99.9926 %   0.0074 %\n"
        "object                6.9929 %  93.0071 %\n"
        "\n"
        "Classes\n"
        "Class       True voxels      Share       IoU      Dice    Recall  Precision\n"
        "---------------------------------------------------------------------------\n"
        "background   16,745,682  99.8001 %  0.999786  0.999893  0.999926   0.999860\n"
        "object           33,534   0.1999 %  0.897061  0.945737  0.930071   0.961941"
    )


def test_table_of_nothing_shows_dashes():
    lines = scores([[0, 0], [0, 0]]).table().splitlines()
    assert lines[1].split() == ["Accuracy", "-"]
    assert lines[-1].split() == ["object", "0", "-", "-", "-", "-", "-"]
