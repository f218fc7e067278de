"""The phase-field model against what solidification must do: Kobayashi (1993), section 2."""

import numpy as np
import pytest
from scipy.ndimage import map_coordinates
from scipy.spatial.transform import Rotation

from tomoseg_tf.phantom.phase_field import PhaseField, anisotropic_flux

QUARTER = Rotation.from_rotvec([np.pi / 4, 0, 0]).as_matrix()


def one_crystal(shape, *, rotation=None, latent_heat=1.8, noise=0.0, **options):
    axes = np.eye(3) if rotation is None else rotation
    return PhaseField(
        shape,
        [np.array(shape) / 2],
        [axes],
        latent_heat=latent_heat,
        anisotropy=0.05,
        noise=noise,
        rng=np.random.default_rng(0),
        **options,
    )


def grown(field, steps):
    for _ in range(steps):
        field.step()
    return field


def reach(phase, direction):
    """Distance from the centre at which the phase falls below 0.5, in cells."""
    steps = np.arange(0, 30, 0.1)
    direction = np.array(direction) / np.linalg.norm(direction)
    places = (np.array(phase.shape)[:, None] - 1) / 2 + direction[:, None] * steps
    return steps[np.argmin(map_coordinates(phase, places, order=1) > 0.5)]


def test_the_flux_is_the_derivative_of_the_anisotropic_energy():
    rng = np.random.default_rng(1)
    axes, gradient = Rotation.random(random_state=2).as_matrix(), rng.normal(size=(3, 20))

    def energy(vectors):
        length = np.linalg.norm(vectors, axis=0)
        width = 1 + 0.05 * (4 * ((axes @ vectors / length) ** 4).sum(axis=0) - 3)
        return (width * length) ** 2 / 2

    steps = 1e-5 * np.eye(3)[:, :, None]
    derivative = [(energy(gradient + step) - energy(gradient - step)) / 2e-5 for step in steps]
    flux = anisotropic_flux(gradient, axes, 0.05)
    np.testing.assert_allclose(flux, np.array(derivative) - gradient, atol=1e-5)
    angle = np.linspace(0, 6, 20)
    plane = np.stack([0 * angle, np.sin(angle), np.cos(angle)])
    along = (anisotropic_flux(plane, np.eye(3), 0.05) * plane).sum(axis=0)
    np.testing.assert_allclose(along, (1 + 0.05 * np.cos(4 * angle)) ** 2 - 1, atol=1e-5)


def test_a_plane_front_stays_plane_and_the_solid_grows():
    field = one_crystal((1, 12, 60))
    field.phase[...] = 0.5 - 0.5 * np.tanh((np.arange(60) - 10) / 2)
    shares = [field.phase.mean()]
    for _ in range(60):
        shares.append(grown(field, 1).phase.mean())
    assert np.all(np.diff(shares) > 0)
    assert shares[-1] > shares[0] + 0.1
    assert np.ptp(field.phase, axis=1).max() < 1e-5


@pytest.mark.parametrize("shape", [(1, 40, 48), (20, 22, 24)])
def test_what_freezes_gives_its_latent_heat_and_none_is_lost(shape):
    field = one_crystal(shape, noise=0.1)
    before = field.phase.mean(dtype=float)
    grown(field, 60)
    frozen = field.phase.mean(dtype=float) - before
    assert frozen > 0.01
    assert field.temperature.mean(dtype=float) == pytest.approx(1.8 * frozen, rel=1e-3)
    assert field.phase.min() >= 0
    assert field.phase.max() <= 1


def test_at_the_melting_point_a_small_crystal_shrinks():
    field = one_crystal((1, 40, 40), radius=6.0)
    field.temperature[...] = 1
    before = field.phase.mean()
    assert grown(field, 30).phase.mean() < 0.97 * before


def test_a_crystal_in_a_plane_has_four_arms_along_its_axes():
    field = grown(one_crystal((1, 51, 51)), 180)
    phase = field.phase[0]
    np.testing.assert_allclose(phase, np.rot90(phase), atol=0.02)
    np.testing.assert_allclose(phase, phase[::-1], atol=0.02)
    assert reach(phase, (0, 1)) > 1.25 * reach(phase, (1, 1))
    turned = grown(one_crystal((1, 51, 51), rotation=QUARTER), 180).phase[0]
    assert reach(turned, (1, 1)) > 1.25 * reach(turned, (0, 1))
    assert reach(turned, (1, 1)) == pytest.approx(reach(phase, (0, 1)), rel=0.1)


def test_a_crystal_in_space_has_six_arms_along_its_axes():
    field = grown(one_crystal((33, 33, 33), latent_heat=3.0), 120)
    phase = field.phase
    for order in ((1, 2, 0), (2, 1, 0)):
        np.testing.assert_allclose(phase, phase.transpose(order), atol=0.02)
    np.testing.assert_allclose(phase, phase[::-1], atol=0.02)
    tip = reach(phase, (0, 0, 1))
    assert tip > 1.15 * reach(phase, (0, 1, 1)) > 1.05 * reach(phase, (1, 1, 1))


def test_the_field_around_the_interface_is_enough():
    """Growth with cells far from the interface left out equals growth with all cells."""
    sparse, whole = (one_crystal((1, 40, 40), noise=0.0) for _ in range(2))
    everything = np.arange(whole._phase.size).reshape(whole._phase.shape)[1:-1, 1:-1, 1:-1]
    whole._find_interface = lambda: setattr(
        whole, "_chunks", [(everything.ravel(), np.eye(3, dtype=np.float32))]
    )
    grown(sparse, 80)
    np.testing.assert_allclose(sparse.phase, grown(whole, 80).phase, atol=0.01)
