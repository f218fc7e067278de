import numpy as np
import pytest

from tomoseg_tf.records.batches.grey import count_photons
from tomoseg_tf.records.schema import tf

SEED = tf.constant([1, 2], tf.int64)


@pytest.mark.parametrize("photons", [4, 25, 400])
def test_counted_photons_have_the_moments_of_poisson(photons):
    """Mean and variance equal the expected counts; the skewness is their inverse root."""
    image = np.ones((40, 60, 60), "f4")
    image[0] = 0
    image[20:] = 3
    noisy = count_photons(tf.constant(image - 5), photons**-0.5, SEED).numpy() + 5
    counts = noisy * photons / image.mean()
    np.testing.assert_array_equal(counts[0], 0)
    for level, part in ((1, counts[1:20]), (3, counts[20:])):
        expected = level * photons / image.mean()
        assert part.mean() == pytest.approx(expected, rel=0.01)
        assert part.var() == pytest.approx(expected, rel=0.06)
        skewness = np.mean((part - part.mean()) ** 3) / part.std() ** 3
        assert skewness == pytest.approx(expected**-0.5, abs=0.1)
        assert part.min() >= 0


def test_a_constant_image_stays_as_it_is():
    image = np.full((2, 5, 5), -3.25, "f4")
    np.testing.assert_array_equal(count_photons(tf.constant(image), 0.2, SEED), image)
