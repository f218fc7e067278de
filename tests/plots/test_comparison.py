import numpy as np

from tomoseg_tf.plots import plot_comparison


def test_bars_and_points_are_the_numbers_and_a_dash_stands_for_none():
    axes = plot_comparison(
        ["net", "theirs"],
        [12.0, None],
        [0.5, None],
        [(0.9, 0.7), (0.8, None)],
        [0.8, 0.8],
        ["matrix", "pore"],
    )
    assert [bar.get_width() for bar in axes[0].patches] == [12.0, 0.0]
    assert [text.get_text() for text in axes[1].texts] == ["0.5", "—"]
    assert [label.get_text() for label in axes[0].get_yticklabels()] == ["net", "theirs"]
    matrix, pore = axes[2].get_lines()
    np.testing.assert_array_equal(matrix.get_xydata(), [[0.9, 0], [0.8, 1]])
    np.testing.assert_array_equal(pore.get_xydata(), [[0.7, 0], [np.nan, 1]])
    assert axes[0].get_ylim() == (1.5, -0.5)
