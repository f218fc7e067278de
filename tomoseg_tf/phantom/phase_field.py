"""Dendritic solidification by the phase-field model of Kobayashi (1993), in 2D and 3D."""

import numpy as np
from scipy import ndimage

SIDE = np.float32(0.03)  # of a cell, in the model's unit of length
WIDTH = np.float32(0.01)  # of the interface, without its anisotropy
RELAXATION = np.float32(3e-4)  # time of the interface
COUPLING, STEEPNESS = np.float32(0.9), np.float32(10.0)  # from the temperature to the phase
TIME_STEP = 2.4e-4
HEAT_STEPS = 2  # heat spreads faster than the phase: its stable step is half as long
REBUILD = 4  # steps between two searches for the interface, which moves less than a cell
CHUNK = 2**14  # cells whose temporary arrays stay in the processor's cache
HALF = np.float32(0.5)


class PhaseField:
    r"""Crystals that grow in an undercooled melt.

    The phase is 1 in the solid and 0 in the liquid, the temperature 0 in the melt at the start and
    1 at the melting point; in an alloy it stands for the solute that the solid rejects.

    .. math::
        \tau \dot p &= \nabla \cdot \left(\epsilon^2 a^2 \nabla p
            + \epsilon^2 a |\nabla p|^2 \partial a / \partial \nabla p\right)
            + p (1 - p) \left(p - 1/2 + \alpha/\pi \arctan(\gamma (1 - T)) + \chi\right) \\
        \dot T &= \nabla^2 T + K \dot p

    with :math:`a = 1 + \delta (4 \sum n_i^4 - 3)`, where n is the normal of the interface in the
    axes of its crystal: the cubic anisotropy of aluminium, whose arms grow along <100>; in a
    plane, :math:`1 + \delta \cos 4 \theta`. The noise :math:`\chi` brings forth the side arms.
    Explicit steps in float32. Only cells at the interface take part in those of the phase; no
    flux passes the walls. A shape of (1, Y, X) is a model in two dimensions.

    Parameters
    ----------
    shape : tuple of int
        Cells (z, y, x).
    centres : (N, 3) array_like of float
        Where crystals begin, in cells; cell i covers [i, i + 1).
    rotations : (N, 3, 3) array_like of float
        Directions (z, y, x) of the three <100> axes of each crystal, in rows.
    latent_heat : float
        K, in units of the undercooling's heat; more of it gives slower growth and thinner arms.
    anisotropy : float
        δ; from 1/15 on some directions would be missing from the interface.
    noise : float
        Width of the range of χ.
    radius : float
        Radius of the crystals at the start, in cells.
    rng : numpy.random.Generator
        Source of the noise.

    References
    ----------
    .. [1] R. Kobayashi, "Modeling and numerical simulations of dendritic crystal growth",
       Physica D 63, 410-423, 1993. doi:10.1016/0167-2789(93)90120-P
    """

    def __init__(
        self, shape, centres, rotations, *, latent_heat, anisotropy, noise, rng, radius=3.0
    ):
        self.shape = tuple(shape)
        padded = tuple(side + 2 for side in shape)
        self._phase, self._heat = np.zeros((2, *padded), np.float32)
        self._flux = np.zeros((3, np.prod(padded)), np.float32)
        self._steps = padded[1] * padded[2], padded[2], 1  # to the next cell, in a flat array
        self._rotations = np.asarray(rotations, np.float32)
        self._latent_heat, self._noise = np.float32(latent_heat), np.float32(noise)
        self._anisotropy, self._rng = np.float32(anisotropy), rng
        self._chunks, self.steps = [], 0
        nearest, self._grains = _nearest(self.shape, centres)
        self.phase[...] = HALF - HALF * np.tanh((nearest - radius) / 1.5)
        self.phase[self.phase < 1e-4] = 0

    @property
    def phase(self):
        """Phase of each cell: (z, y, x) float32 in [0, 1], a view."""
        return self._phase[1:-1, 1:-1, 1:-1]

    @property
    def temperature(self):
        """Temperature of each cell: (z, y, x) float32, a view."""
        return self._heat[1:-1, 1:-1, 1:-1]

    @property
    def solid(self):
        """Share of the cells whose phase is above 0.5."""
        return float(np.count_nonzero(self.phase > HALF) / self.phase.size)

    def step(self):
        """Go on by one step in time."""
        if self.steps % REBUILD == 0:
            self._find_interface()
        _mirror(self._phase)
        phase, heat = self._phase.ravel(), self._heat.ravel()
        for cells, rotation in self._chunks:
            gradient = self._gradient(phase, cells)
            self._flux[:, cells] = anisotropic_flux(gradient, rotation, self._anisotropy)
        moved = [self._moved(phase, heat, cells) for cells, _ in self._chunks]
        for (cells, _), new in zip(self._chunks, moved, strict=True):
            heat[cells] += self._latent_heat * (new - phase[cells])
            phase[cells] = new
        for _ in range(HEAT_STEPS):
            _diffuse(self._heat, np.float32(TIME_STEP / HEAT_STEPS / SIDE**2))
        self.steps += 1

    def _find_interface(self):
        """List the cells at the interface and next to it, those of each crystal by themselves."""
        for cells, _ in self._chunks:
            self._flux[:, cells] = 0
        interface = (self.phase > 2e-3) & (self.phase < 0.998)
        near = ndimage.binary_dilation(interface, ndimage.generate_binary_structure(3, 2))
        places = np.nonzero(near)
        cells = sum((axis + 1) * step for axis, step in zip(places, self._steps, strict=True))
        grains = self._grains[places]
        self._chunks = []
        for grain, rotation in enumerate(self._rotations):
            own = cells[grains == grain]
            starts = range(0, len(own), CHUNK)
            self._chunks += [(own[start : start + CHUNK], rotation) for start in starts]

    def _gradient(self, phase, cells):
        """Gradient of the phase by central differences: (3, cells)."""
        pairs = [phase[cells + step] - phase[cells - step] for step in self._steps]
        return np.stack(pairs) / (2 * SIDE)

    def _moved(self, phase, heat, cells):
        """Phase of cells after the step."""
        here = phase[cells]
        total = WIDTH**2 * self._laplacian(phase, cells, here)
        for flux, step in zip(self._flux, self._steps, strict=True):
            total += WIDTH**2 / (2 * SIDE) * (flux[cells + step] - flux[cells - step])
        drive = COUPLING / np.float32(np.pi) * np.arctan(STEEPNESS * (1 - heat[cells]))
        drive += self._noise * (self._rng.random(len(cells), np.float32) - HALF)
        total += here * (1 - here) * (here - HALF + drive)
        return np.clip(here + np.float32(TIME_STEP / RELAXATION) * total, 0, 1)

    def _laplacian(self, phase, cells, here):
        """Laplacian on 19 cells, the same in all directions up to the fourth order."""
        total = np.float32(-24) * here
        for step in self._steps:
            total += 2 * (phase[cells + step] + phase[cells - step])
        z, y, x = self._steps
        for step in (z + y, z - y, z + x, z - x, y + x, y - x):
            total += phase[cells + step] + phase[cells - step]
        return total / (6 * SIDE**2)


def anisotropic_flux(gradient, rotation, anisotropy):
    """Flux of the phase that cubic anisotropy adds to its gradient.

    The derivative of a² |∇p|² / 2 by the gradient ∇p, less ∇p.

    Parameters
    ----------
    gradient : (3, N) ndarray of float32
        Gradients of the phase.
    rotation : (3, 3) ndarray of float32
        Axes of the crystal, in rows.
    anisotropy : float
        δ.

    Returns
    -------
    (3, N) ndarray of float32
        Fluxes, in the axes of the gradients.
    """
    length = np.sqrt((gradient**2).sum(axis=0)) + np.float32(1e-6)
    normal = gradient / length
    crystal = rotation @ normal
    cubes = crystal * crystal * crystal
    fourth = (cubes * crystal).sum(axis=0)
    width = 1 + anisotropy * (4 * fourth - 3)
    pull = 16 * anisotropy * width
    along = width * width - 1 - pull * fourth
    return length * (along * normal + pull * (rotation.T @ cubes))


def _nearest(shape, centres):
    """Distance of each cell from the nearest centre, in cells, and which one that is."""
    grid = np.ogrid[tuple(slice(0.5, side) for side in shape)]
    nearest = np.full(shape, np.inf, np.float32)
    number = np.zeros(shape, np.uint8)
    for index, centre in enumerate(centres):
        squares = [(axis - place) ** 2 for axis, place in zip(grid, centre, strict=True)]
        distance = np.sqrt(sum(squares)).astype(np.float32)
        number[distance < nearest] = index
        np.minimum(nearest, distance, out=nearest)
    return nearest, number


def _mirror(field):
    """Copy the outermost cells into the rim around them, so that nothing flows out."""
    for axis in range(3):
        ends = np.moveaxis(field, axis, 0)
        ends[0], ends[-1] = ends[1], ends[-2]


def _diffuse(field, share):
    """Let each cell give a share to each of its six neighbours, in place."""
    _mirror(field)
    inner = field[1:-1, 1:-1, 1:-1]
    change = field[2:, 1:-1, 1:-1] + field[:-2, 1:-1, 1:-1]
    for neighbours in (
        field[1:-1, 2:, 1:-1],
        field[1:-1, :-2, 1:-1],
        field[1:-1, 1:-1, 2:],
        field[1:-1, 1:-1, :-2],
    ):
        change += neighbours
    change *= share
    inner *= 1 - 6 * share
    inner += change
