import imagecodecs
import numpy as np
import pytest
import tifffile

from tomoseg_tf.volume import ArrayVolume, count_classes, open_truth

CLASSES = np.random.default_rng(0).integers(0, 3, (3, 6, 7)).astype(np.uint8)
COLOURS = np.array([[90, 90, 90], [0, 0, 255], [255, 0, 0]], np.uint8)
OVERLAY = COLOURS[CLASSES]
OVERLAY[CLASSES == 0] += np.arange(np.count_nonzero(CLASSES == 0), dtype=np.uint8)[:, None]
PALETTE = "#0000ff:1,#ff0000:2,grey:0"


def read(truth, palette=PALETTE):
    opened = open_truth(truth, palette)
    assert opened.dtype == np.uint8
    return opened.read(0, opened.shape[0])


def rgba(alpha):
    return np.concatenate([OVERLAY, np.broadcast_to(alpha, CLASSES.shape)[..., None]], axis=-1)


def test_array_of_colours():
    np.testing.assert_array_equal(read(OVERLAY), CLASSES)
    np.testing.assert_array_equal(read(rgba(np.uint8(200))), CLASSES)
    box = open_truth(OVERLAY, PALETTE).read_box(((1, 3), (2, 5), (0, 4)))
    np.testing.assert_array_equal(box, CLASSES[1:3, 2:5, :4])


def test_transparent_pixels_have_a_class_of_their_own():
    alpha = np.where(CLASSES == 2, 0, 255).astype(np.uint8)
    with pytest.raises(ValueError, match=rf"without a class .* clear: {(CLASSES == 2).sum()};"):
        read(rgba(alpha))
    expected = np.where(CLASSES == 2, 255, CLASSES)
    np.testing.assert_array_equal(read(rgba(alpha), PALETTE + ",clear:ignore"), expected)


def test_colours_without_a_class_are_listed_with_a_palette_that_maps_them():
    truth = open_truth(OVERLAY, "#0000ff:1,grey:0")
    number = (CLASSES == 2).sum()
    with pytest.raises(ValueError, match=rf"#ff0000: {number}; .* '{PALETTE}'"):
        truth.read(0, 1 + int(np.argmax((CLASSES == 2).any(axis=(1, 2)))))


def test_colours_need_a_palette_of_colours():
    with pytest.raises(ValueError, match=r"holds colours .* '#ff0000:1,#0000ff:2,grey:0'"):
        open_truth(OVERLAY)
    with pytest.raises(ValueError, match="holds colours"):
        open_truth(OVERLAY, "0:0,255:1")


def test_grey_levels_stored_as_colours():
    labels = np.array([0, 127, 255], np.uint8)[CLASSES]
    with pytest.raises(ValueError, match="'#000000:0,#7f7f7f:1,#ffffff:2'"):
        open_truth(np.stack([labels] * 3, axis=-1))
    scan = np.random.default_rng(0).integers(0, 256, (1, 20, 20, 1)).astype(np.uint8)
    with pytest.raises(ValueError, match="all are grey, as in a scan"):
        open_truth(np.repeat(scan, 3, axis=-1))


def test_values_take_no_palette_of_colours():
    with pytest.raises(ValueError, match="holds uint8 values and no colours"):
        open_truth(ArrayVolume(CLASSES), PALETTE)


@pytest.mark.parametrize("strength", [0.15, 0.5, 1])
def test_hue_finds_colours_blended_over_grey(strength):
    rng = np.random.default_rng(1)
    grey = np.repeat(rng.integers(40, 200, (*CLASSES.shape, 1)), 3, axis=-1)
    blended = np.where(
        CLASSES[..., None] > 0, (1 - strength) * grey + strength * COLOURS[CLASSES], grey
    )
    image = blended.round().astype(np.uint8)
    np.testing.assert_array_equal(read(image, "#0000ff:1,#ff0000:2,hue,grey:0"), CLASSES)


def test_a_palette_by_hue_is_proposed_for_blended_colours():
    rng = np.random.default_rng(1)
    classes = rng.integers(0, 3, (1, 40, 40))
    grey = np.repeat(rng.integers(40, 200, (1, 40, 40, 1)), 3, axis=-1)
    image = np.where(classes[..., None] > 0, 0.5 * grey + 0.5 * COLOURS[classes], grey)
    image = image.astype(np.uint8)
    with pytest.raises(ValueError, match=r"hue=30,grey:0'") as caught:
        open_truth(image)
    found = read(image, str(caught.value).split("'")[1])
    swapped = np.array([0, 2, 1])[classes]
    assert (found == classes).all() or (found == swapped).all()


def test_nearest_colour_up_to_a_distance():
    image = np.array([[[[250, 4, 3], [3, 2, 251], [200, 200, 0]]]], np.uint8)
    assert read(image, "#ff0000:1,#0000ff:2,nearest").tolist() == [[[1, 2, 1]]]
    assert read(image, "#ff0000:1,#0000ff:2,nearest=10,other:ignore").tolist() == [[[1, 2, 255]]]
    with pytest.raises(ValueError, match="#c8c800: 1"):
        read(image, "#ff0000:1,#0000ff:2,nearest=10")


@pytest.mark.parametrize("options", [{}, {"compression": "zlib"}, {"planarconfig": "separate"}])
def test_tiff_with_pages_in_colours(tmp_path, options):
    path = tmp_path / "overlay.tif"
    array = OVERLAY
    if "planarconfig" in options:
        array = np.moveaxis(OVERLAY, -1, 1)
    tifffile.imwrite(path, array, photometric="rgb", **options)
    np.testing.assert_array_equal(read(path), CLASSES)
    assert count_classes(open_truth(path, PALETTE)).sum() == CLASSES.size


def test_wrong_shape_metadata_are_left_aside(tmp_path):
    path = tmp_path / "overlay.tif"
    image = rgba(np.uint8(255))[0]
    description = '{"shape": [6, 7, 3]}'
    extra = {"extrasamples": ["assocalpha"], "metadata": None}
    tifffile.imwrite(path, image, photometric="rgb", description=description, **extra)
    truth = open_truth(path, PALETTE)
    np.testing.assert_array_equal(truth.read(0, 1)[0], CLASSES[0])
    assert "contradict its pages" in truth.notices[0]


def test_folder_of_tiff_in_colours(tmp_path):
    for z, image in enumerate(OVERLAY):
        tifffile.imwrite(tmp_path / f"s{z + 8}.tif", image, photometric="rgb")
    np.testing.assert_array_equal(read(tmp_path), CLASSES)


def test_pages_must_be_equal(tmp_path):
    with tifffile.TiffWriter(tmp_path / "a.tif") as tif:
        tif.write(OVERLAY[0], photometric="rgb")
        tif.write(OVERLAY[1, :4], photometric="rgb")
    with pytest.raises(ValueError, match=r"page 1 has .* all slices must be equal"):
        open_truth(tmp_path / "a.tif", PALETTE)


def test_colours_of_16_bits_are_refused(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", OVERLAY.astype(np.uint16), photometric="rgb")
    with pytest.raises(ValueError, match=r"a\.tif: has colours of type uint16; save them with 8"):
        open_truth(tmp_path / "a.tif", PALETTE)


@pytest.mark.parametrize("alpha", [False, True])
def test_folder_of_png_in_colours(tmp_path, alpha):
    images = rgba(np.uint8(255)) if alpha else OVERLAY
    for z, image in enumerate(images):
        (tmp_path / f"s{z + 8}.png").write_bytes(imagecodecs.png_encode(image))
    np.testing.assert_array_equal(read(tmp_path), CLASSES)
    np.testing.assert_array_equal(read(tmp_path / "s9.png"), CLASSES[1:2])
