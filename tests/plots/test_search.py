import numpy as np

from tomoseg_tf.plots import plot_parameters, plot_values


def test_each_trial_is_a_line_with_a_mark_at_its_end():
    curves = [{1: 0.2, 2: 0.5}, {1: 0.1}, {}]
    ax = plot_values(curves, [True, False, False], 0, rungs=[1], score="dice")
    rung, best, best_end, _, pruned_end = ax.lines
    assert list(rung.get_xdata()) == [1, 1]
    assert list(best.get_ydata()) == [0.2, 0.5]
    assert (best_end.get_marker(), pruned_end.get_marker()) == ("o", "x")
    assert list(pruned_end.get_xdata()) == [1]
    assert ax.get_ylabel() == "Validation dice"
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        "pruned",
        "complete",
        "best",
    ]


def test_settings_have_their_axes_and_trials_their_places():
    settings = {
        "rate": [1e-4, 1e-3, 1e-2],
        "crop": [[4, 8, 8], None, [4, 8, 8]],
        "flips": [True, False, True],
    }
    axes = plot_parameters(
        settings,
        [0.1, None, 0.3],
        [True, False, True],
        2,
        logarithmic=["rate"],
        shares={"rate": 0.7, "crop": 0.3, "flips": 0.0},
    )
    assert len(axes) == 4
    assert axes[0].get_xscale() == "log"
    assert not any(tick.get_text() for tick in axes[0].get_xticklabels(minor=True))
    assert [tick.get_text() for tick in axes[1].get_xticklabels()] == ["none", "4×8×8"]
    assert [tick.get_text() for tick in axes[2].get_xticklabels()] == ["no", "yes"]
    hollow, solid, star = axes[0].collections
    assert np.ma.is_masked(hollow.get_offsets()[0])
    np.testing.assert_allclose(solid.get_offsets(), [[1e-4, 0.1], [1e-2, 0.3]])
    np.testing.assert_allclose(star.get_offsets(), [[1e-2, 0.3]])
    assert [bar.get_width() for bar in axes[3].patches] == [0.0, 0.3, 0.7]
