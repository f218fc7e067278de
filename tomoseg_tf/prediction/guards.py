"""Guards: whether a scan is like those that the weights were fitted on.

Compared are the size and the form of the voxels, the distribution of the normalised grey, its grain
(how much neighbours differ), the number of grey levels and the share of the sample. The limits were
set by the phantoms of this package: other seeds and shapes of one kind stay below them; other
kinds, inverted grey, black frames and doubled noise do not.

The grey is compared after normalisation, so that another brightness or type of voxels is no
difference. A scan whose histogram is symmetric looks the same inverted: there only the eye helps.
"""

from math import prod

import numpy as np

from tomoseg_tf.volume import (
    grey_profile,
    open_sample,
    profile_distance,
    through_filters,
)

SIZE = 1.5  # times larger or smaller voxels
FORM = 1.25  # times longer or shorter along an axis, at the same size
DISTANCE = 0.1  # of the distributions, in standard deviations of that of training
SPREADS = 2  # times as far from training as the farthest scan of it
GRAIN = 2.0  # times as much or as little
LEVELS = 64  # steps of grey below which fewer than in training are told
SHARE = 0.5  # of the share of the sample in training


def check_scan(volume, fitted, *, mask=None, apply_filters=True, passes="z", strict=False):
    """Compare a scan with those that weights were fitted on.

    Parameters
    ----------
    volume : Volume
        The scan before the filters of the weights, in the voxels that the network is to see.
    fitted : Weights or sequence of Weights
        The weights.
    mask : str, path or Volume, optional
        Which voxels are the sample, see `tomoseg_tf.volume.open_sample`; by default as the
        weights were fitted.
    apply_filters : bool, optional
        Whether the filters of the weights will be applied.
    passes : str, optional
        Axes that a network of slices sees slices along; to one that sees them along z alone the
        voxel size along z is nothing.
    strict : bool, optional
        Whether a difference is an error.

    Returns
    -------
    list of str
        A line for each difference: what, how much, what to do. If `strict`, what could not be
        compared.

    Raises
    ------
    ValueError
        If `strict` and there is a difference.
    """
    told = []
    members = fitted if isinstance(fitted, (list, tuple)) else [fitted]
    for member in members:
        found, missing = compare_scan(
            volume, member.config, mask=mask, apply_filters=apply_filters, passes=passes
        )
        name = f"{volume.name}: " if len(members) == 1 else f"{volume.name}, {member.name}: "
        if found and strict:
            raise ValueError(f"{name}{'; '.join(found)}; or leave out --strict")
        told += [name + text for text in (missing if strict else found)]
    return told


def compare_scan(volume, config, *, mask=None, apply_filters=True, passes="z"):
    """List differences of a scan from those of training, and what cannot be compared.

    Parameters
    ----------
    volume, mask, apply_filters, passes
        As for `check_scan`.
    config : WeightsConfig
        Of the weights.

    Returns
    -------
    found, missing : list of str
        A text for each.
    """
    slices = passes == "z" and len(config.arguments["input_shape"]) == 3
    found, missing = _compare_voxels(volume.spacing, config.spacing, slices)
    if config.fingerprint is None:
        missing.append(
            "the weights hold no fingerprint of grey to compare with; add one with: tomoseg-tf "
            "weights fingerprint FOLDER SCAN..."
        )
        return found, missing
    seen = through_filters(volume, config.filters if apply_filters else ())
    sample = open_sample(seen, config.normalisation.mask if mask is None else mask)
    profile = grey_profile(seen, config.normalisation, sample)
    if profile is not None:
        found += compare_grey(profile, config.fingerprint)
    return found, missing


def _compare_voxels(spacing, training, slices):
    """Compare voxel sizes; those of slices along y and x only."""
    for sides, whose in ((spacing, "the scan"), (training, "the training scans")):
        if sides is None:
            return [], [f"the voxel size of {whose} is not known, and not compared"]
    axes = slice(1, 3) if slices else slice(0, 3)
    ratios = np.divide(spacing[axes], training[axes])
    size = float(prod(ratios) ** (1 / len(ratios)))
    cure = "predict with --to-spacing weights"
    found = []
    if not 1 / SIZE <= size <= SIZE:
        times = f"{size:.3g} times larger" if size > 1 else f"{1 / size:.3g} times smaller"
        found.append(
            f"its voxels of {_sides(spacing)} µm are {times} than the {_sides(training)} µm of "
            f"training; {cure}"
        )
    elif max(ratios / size) > FORM or min(ratios / size) < 1 / FORM:
        found.append(
            f"its voxels of {_sides(spacing)} µm have another form than the {_sides(training)} µm "
            f"of training; {cure}"
        )
    return found, []


def compare_grey(profile, fingerprint):
    """Compare the grey of a scan with that of training.

    Parameters
    ----------
    profile : GreyProfile
        Of the scan.
    fingerprint : Fingerprint
        Of the weights.

    Returns
    -------
    list of str
        A text for each difference.
    """
    found = []
    distance = profile_distance(fingerprint.quantiles, profile.quantiles)
    limit = max(DISTANCE, SPREADS * fingerprint.spread)
    if distance > limit:
        found.append(
            f"its grey is distributed otherwise than in training, by {distance:.3g} deviations "
            f"(up to {limit:.2g} is usual); {_cure(distance, profile, fingerprint)}"
        )
    if profile.grain and fingerprint.grain:
        ratio = profile.grain / fingerprint.grain
        if not 1 / GRAIN <= ratio <= GRAIN:
            found.append(
                f"its neighbouring voxels differ {ratio:.2g} times as much as in training; check "
                "the noise, the sharpness and the voxel size (--bin, --to-spacing)"
            )
    few = profile.levels is not None and profile.levels < LEVELS
    if few and (fingerprint.levels is None or profile.levels < fingerprint.levels / 2):
        found.append(
            f"its grey has only {profile.levels:.3g} steps from 1 % to 99 % of the voxels; convert "
            "the reconstruction to integers with a narrower range, or to 16 bits"
        )
    if profile.share < SHARE * fingerprint.share:
        found.append(
            f"only {100 * profile.share:.3g} % of its voxels are the sample, but at least "
            f"{100 * fingerprint.share:.3g} % in training; check --mask"
        )
    return found


def _cure(distance, profile, fingerprint):
    """Say what may be wrong with a distribution."""
    mirrored = [-value for value in reversed(_standardised(profile.quantiles))]
    if profile_distance(_standardised(fingerprint.quantiles), mirrored) < distance / 2:
        return "it looks inverted: invert the grey"
    return "crop frames and padding, check --mask, or fit the weights to labelled slices of it"


def _standardised(quantiles):
    """Quantiles with mean 0 and standard deviation 1."""
    quantiles = np.asarray(quantiles)
    deviation = quantiles.std()
    return (quantiles - quantiles.mean()) / (deviation or 1)


def _sides(spacing):
    """Sides of a voxel; one number of a cube."""
    sides = [f"{side:.4g}" for side in spacing]
    return sides[0] if len(set(sides)) == 1 else " x ".join(sides)
