import numpy as np
import pytest

from tomoseg_tf.phantom import artefacts


@pytest.fixture(scope="module")
def noise():
    spectrum = artefacts.backprojection_spectrum((128, 128))
    return np.stack([artefacts.backprojection_noise(5, z, spectrum, (128, 128)) for z in range(24)])


def test_noise_has_unit_variance(noise):
    assert noise.std() == pytest.approx(1, rel=0.02)
    assert abs(noise.mean()) < 0.01


def test_noise_power_grows_with_the_frequency_up_to_the_window(noise):
    """Filtered back-projection: power proportional to the frequency, then the Hann window."""
    power = np.mean(np.abs(np.fft.fft2(noise)) ** 2, axis=0)
    frequency = np.hypot(np.fft.fftfreq(128)[:, None], np.fft.fftfreq(128))
    band = [
        power[(frequency >= low) & (frequency < low + 0.02)].mean()
        for low in (0.01, 0.05, 0.1, 0.44)
    ]
    assert band[0] < 0.5 * band[1] < 0.5 * band[2]
    assert band[3] < 1e-6 * band[2]


def test_noise_is_nearly_independent_of_the_next_slice(noise):
    correlation = np.mean(noise[1:] * noise[:-1])
    assert 0.05 < correlation < 0.15
    assert abs(np.mean(noise[2:] * noise[:-2])) < 0.02


def test_odd_planes_keep_the_variance():
    spectrum = artefacts.backprojection_spectrum((65, 97))
    slices = [artefacts.backprojection_noise(1, z, spectrum, (65, 97)) for z in range(30)]
    assert np.std(slices) == pytest.approx(1, rel=0.03)


def test_rings_depend_on_the_radius_alone_and_fade():
    y, x = np.ogrid[-100:101, -100:101]
    radius = np.hypot(y, x).astype("float32")
    rings = np.stack([artefacts.rings_slice(2, z, radius, fade=10) for z in range(0, 400, 8)])
    np.testing.assert_array_equal(rings, rings[:, ::-1])
    np.testing.assert_allclose(rings, rings.transpose(0, 2, 1), atol=1e-5)
    near = rings[:, radius < 5].std()
    far = rings[:, (radius > 80) & (radius < 90)].std()
    assert near > 2 * far


def test_shading_is_smooth_and_has_unit_variance():
    shading = artefacts.Shading(3, (48, 400, 400), length=20)
    slices = np.stack([shading.slice(z) for z in range(48)])
    assert slices.std() == pytest.approx(1, rel=0.2)
    assert abs(np.diff(slices, axis=0)).max() < 0.5
    assert abs(np.diff(slices, axis=2)).max() < 0.5


def test_streaks_are_straight_and_have_unit_variance():
    slices = [artefacts.streaks_slice(seed, 3, (90, 130)) for seed in range(12)]
    assert np.std(slices) == pytest.approx(1, rel=0.1)
    one = artefacts.streaks_slice(1, 3, (64, 64), views=1)
    slopes = np.gradient(one)
    lengths = np.linalg.eigvalsh(np.cov(np.reshape(slopes, (2, -1))))
    assert lengths[0] < 0.03 * lengths[1]  # it changes in one direction alone
    alike = np.corrcoef(one.ravel(), artefacts.streaks_slice(1, 4, (64, 64), views=1).ravel())
    assert alike[0, 1] > 0.8  # and little from slice to slice
