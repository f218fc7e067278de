import numpy as np
import pytest

from tomoseg_tf.plots import card_picture as module
from tomoseg_tf.plots.card_picture import card_picture
from tomoseg_tf.volume import ArrayVolume
from tomoseg_tf.weights import open_weights


@pytest.mark.parametrize("spacing", [None, (0.5, 0.5, 0.5)])
def test_the_scale_bar_is_by_the_spacing_of_the_scan(monkeypatch, spacing):
    drawn = []
    plot = module.plot_panels
    monkeypatch.setattr(
        module, "plot_panels", lambda *given: drawn.append(given[0]) or plot(*given)
    )
    fitted = open_weights("unet_3d_micropillar")
    assert fitted.config.spacing not in (None, spacing)
    scan = np.random.default_rng(0).integers(0, 255, (16, 16, 16)).astype(np.uint8)
    content, _ = card_picture(fitted, ArrayVolume(scan, spacing=spacing), z=1)
    assert content.startswith(b"\x89PNG")
    assert drawn[0].spacing == spacing


@pytest.mark.parametrize(
    ("shape", "settings", "message"),
    [
        ((4, 16, 16), {"z": 4}, "slice 4 is outside array; it has 0 to 3"),
        ((5, 16, 16), {}, r"scan \(4, 16, 16\), truth \(5, 16, 16\): must be of one shape"),
    ],
)
def test_what_cannot_be_drawn_is_refused_before_the_scan_is_segmented(
    monkeypatch, shape, settings, message
):
    monkeypatch.setattr(module, "predict_volume", lambda *_, **__: pytest.fail("is segmented"))
    fitted, scan = open_weights("unet_3d_micropillar"), np.zeros((4, 16, 16), np.uint8)
    with pytest.raises(ValueError, match=message):
        card_picture(fitted, scan, np.zeros(shape, np.uint8), **settings)
