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
