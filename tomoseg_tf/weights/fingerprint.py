"""The fingerprint of weights: what the grey of the scans was like that they were fitted on."""

from itertools import pairwise

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, field_validator

from tomoseg_tf.volume import SHARES, profile_distance

HEADING = "## Fingerprint"
DIGITS = 4  # after the point
NAMED = 12  # scans that the card names


class Fingerprint(BaseModel):
    """What the grey of the training scans was like after normalisation, to compare others with.

    Attributes
    ----------
    scans : tuple of str
        Names of the scans that it was taken of.
    quantiles : (50,) tuple of float
        Normalised grey below which 1 %, 3 %, ..., 99 % of the voxels lie, mean over the scans.
    spread : float
        Greatest distance of a scan from that, see
        `tomoseg_tf.volume.profile_distance`.
    grain : float
        Mean absolute difference of neighbours along x in standard deviations, mean over the scans.
    levels : float or None
        Fewest steps of grey between 1 % and 99 %; None for floats.
    share : float
        Least share of the voxels that were the sample.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    scans: tuple[str, ...] = Field(min_length=1)
    quantiles: tuple[FiniteFloat, ...] = Field(min_length=len(SHARES), max_length=len(SHARES))
    spread: FiniteFloat = Field(ge=0)
    grain: FiniteFloat = Field(ge=0)
    levels: FiniteFloat | None = Field(default=None, ge=0)
    share: FiniteFloat = Field(default=1.0, ge=0, le=1)

    @field_validator("quantiles")
    @classmethod
    def _in_order(cls, quantiles):
        if any(high < low for low, high in pairwise(quantiles)):
            raise ValueError("should not decrease")
        return quantiles


def pool_profiles(names, profiles):
    """Make the fingerprint of scans.

    Parameters
    ----------
    names : sequence of str
        What the scans are called.
    profiles : sequence of GreyProfile
        One for each, at least one.

    Returns
    -------
    Fingerprint
        Each scan counts alike.
    """
    quantiles = np.mean([profile.quantiles for profile in profiles], axis=0).round(DIGITS)
    distances = [profile_distance(quantiles, profile.quantiles) for profile in profiles]
    levels = [profile.levels for profile in profiles if profile.levels is not None]
    finite = [distance for distance in distances if np.isfinite(distance)]
    return Fingerprint(
        scans=tuple(names),
        quantiles=tuple(quantiles.tolist()),
        spread=round(max(finite, default=0.0), DIGITS),
        grain=round(float(np.mean([profile.grain for profile in profiles])), DIGITS),
        levels=min(levels) if len(levels) == len(profiles) else None,
        share=round(min(profile.share for profile in profiles), DIGITS),
    )


def describe_fingerprint(fingerprint):
    """Tell of a fingerprint on a card.

    Parameters
    ----------
    fingerprint : Fingerprint
        The fingerprint.

    Returns
    -------
    str
        Section in Markdown, without a final newline.
    """
    scans = fingerprint.scans
    low, median, high = (fingerprint.quantiles[index] for index in (2, 25, -3))
    notes = [f"neighbours along x differ by {fingerprint.grain:.3g} deviations"]
    if len(scans) > 1:
        notes.append(f"a scan differs from the mean of all by up to {fingerprint.spread:.2g}")
    if fingerprint.levels is not None:
        notes.append(f"at least {fingerprint.levels:.4g} steps of grey from 1 % to 99 %")
    return (
        f"{HEADING}\n\nOf {name_some(scans)}: normalised grey {low:.3g} at 5 %, "
        f"{median:.3g} at half, {high:.3g} at 95 % of the voxels; {'; '.join(notes)}. "
        "`tomoseg-tf segment` compares each scan with it."
    )


def name_some(scans):
    """Name the first dozen of scans, and say how many more there are.

    Parameters
    ----------
    scans : sequence of str
        Their names.

    Returns
    -------
    str

    Examples
    --------
    >>> name_some(["a.tif", "b.tif"])
    'a.tif, b.tif'
    """
    more = f" and {len(scans) - NAMED} more" if len(scans) > NAMED else ""
    return ", ".join(scans[:NAMED]) + more
