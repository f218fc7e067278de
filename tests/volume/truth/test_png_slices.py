import imagecodecs
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from tomoseg_tf.volume import open_truth
from tomoseg_tf.volume.truth.png_slices import PngVolume, read_png_header

LABELS = np.random.default_rng(0).integers(0, 3, (3, 5, 6)).astype(np.uint8)
DATA = imagecodecs.png_encode(LABELS[0])


def write(folder, images):
    for z, image in enumerate(images):
        (folder / f"s{z + 9}.png").write_bytes(imagecodecs.png_encode(image))


@pytest.mark.parametrize("dtype", ["u1", "u2"])
def test_grey_slices_in_natural_order(tmp_path, dtype):
    images = LABELS.astype(dtype) * np.array(100, dtype)
    write(tmp_path, images)
    volume = PngVolume(tmp_path)
    assert volume.dtype == dtype
    np.testing.assert_array_equal(volume.read(0, 3), images)
    np.testing.assert_array_equal(volume.read_box(((1, 3), (2, 4), (0, 5))), images[1:3, 2:4, :5])
    np.testing.assert_array_equal(open_truth(tmp_path, "levels").read(0, 3), LABELS)


def test_one_file(tmp_path):
    (tmp_path / "a.png").write_bytes(DATA)
    np.testing.assert_array_equal(open_truth(tmp_path / "a.png").read(0, 1), LABELS[:1])


def test_masks_of_one_bit(tmp_path):
    Image.fromarray(LABELS[0] > 0).save(tmp_path / "a.png")
    truth = open_truth(tmp_path / "a.png")
    np.testing.assert_array_equal(truth.read(0, 1)[0], LABELS[0] > 0)


def test_indices_are_values_unless_colours_are_named(tmp_path):
    image = Image.fromarray(LABELS[0])
    image = image.convert("P")
    image.putdata(LABELS[0].ravel().tolist())
    image.putpalette([0, 0, 0, 128, 0, 0, 0, 128, 0])
    image.save(tmp_path / "a.png")
    np.testing.assert_array_equal(open_truth(tmp_path / "a.png").read(0, 1)[0], LABELS[0])
    truth = open_truth(tmp_path / "a.png", "#000000:0,#800000:2,#008000:1")
    np.testing.assert_array_equal(truth.read(0, 1)[0], np.array([0, 2, 1])[LABELS[0]])


def test_slices_must_be_equal(tmp_path):
    write(tmp_path, [LABELS[0], LABELS[1, :4]])
    with pytest.raises(ValueError, match=r"s10\.png: differs in size or kind from s9\.png"):
        open_truth(tmp_path)


def test_a_giant_image_is_not_believed(tmp_path):
    data = bytearray(DATA)
    data[16:24] = (2**30).to_bytes(4, "big") * 2
    (tmp_path / "a.png").write_bytes(data)
    with pytest.raises(ValueError, match=r"declares 1073741824 × 1073741824 pixels, which its"):
        open_truth(tmp_path / "a.png")


@pytest.mark.parametrize(
    ("data", "message"),
    [(b"", "is empty"), (b"II*\0" * 9, "is not a PNG file"), (DATA[:40], "damaged or cut short")],
)
def test_what_is_no_png_is_refused(tmp_path, data, message):
    (tmp_path / "a.png").write_bytes(data)
    with pytest.raises(ValueError, match=rf"a\.png: {message}|a\.png: is {message}"):
        open_truth(tmp_path / "a.png").read(0, 1)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, len(DATA) - 1), st.binary(min_size=1, max_size=4))
def test_damage_is_one_error_or_a_volume(tmp_path, place, junk):
    path = tmp_path / "a.png"
    path.write_bytes(DATA[:place] + junk + DATA[place + len(junk) :])
    message = ""
    try:
        truth = open_truth(path, "classes")
        truth.read(0, truth.shape[0])
    except ValueError as error:
        message = str(error)
    assert not message or str(path) in message


def test_header_is_read(tmp_path):
    (tmp_path / "a.png").write_bytes(DATA)
    header = read_png_header(tmp_path / "a.png")
    assert (header.shape, header.bits, header.coloured) == ((5, 6), 8, False)


def test_a_link_to_nothing_is_no_missing_slice(tmp_path):
    write(tmp_path, LABELS)
    (tmp_path / "s12.png").symlink_to("gone.png")
    with pytest.raises(ValueError, match=r"s12\.png: is a link to nothing"):
        open_truth(tmp_path)
