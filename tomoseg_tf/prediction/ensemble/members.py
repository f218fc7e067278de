"""A member of an ensemble: a network with what it needs of the scan."""

from dataclasses import dataclass, replace
from typing import Any

from tomoseg_tf.prediction.arrays import measured_intensity
from tomoseg_tf.prediction.ensemble.turns import Turn, TurnedSample, TurnedVolume, list_turns
from tomoseg_tf.prediction.executor import Output
from tomoseg_tf.prediction.networks import open_network
from tomoseg_tf.prediction.passes import predict
from tomoseg_tf.volume import open_sample, through_filters
from tomoseg_tf.volume.spooled import SpooledVolume, takes_time


@dataclass(frozen=True)
class Member:
    """A network with what it needs of the scan.

    Attributes
    ----------
    network : TiledNetwork, BlockNetwork, SliceNetwork or PatchNetwork
        The network.
    volume : Volume
        The scan, behind the filters of the weights.
    intensity : Intensity
        Normalisation of the weights, from the statistics of the whole volume.
    sample : tomoseg_tf.volume.Sample or None
        Which voxels are the sample.
    sees_slices : bool
        Whether the network sees slices, not volumes.
    """

    network: Any
    volume: Any
    intensity: Any
    sample: Any
    sees_slices: bool

    def turns(self, name, passes):
        """List the turned volumes that it predicts, see `list_turns`."""
        return list_turns(name, slices=self.sees_slices, passes=passes)

    def plan(self, turn, roi, *, on_smaller=None, **settings):
        """Plan what `predict` does, as far as is known before."""
        part, sides = turn.box(roi, self.volume.shape), turn.sides(self.volume.shape)
        return self.network.plan(sides, roi=part, **settings)[1]

    def predict(self, turn, roi, output, **settings):
        """Predict a part of the turned volume, and give the result as it is upright.

        Parameters
        ----------
        turn : Turn
            How the network sees the volume.
        roi : tuple of (int, int)
            Part of the volume as it is upright.
        output : Output
            Its writer takes boxes: ``add(box, values)``, from the first voxel of the part.
        **settings
            For `tomoseg_tf.prediction.passes.predict`.

        Returns
        -------
        Plan
        """
        shape, sample = self.volume.shape, self.sample
        upright = turn == Turn()
        part = turn.box(roi, shape)
        adding = _Adding(output.writer, turn, [high - low for low, high in roi])
        (plan,) = predict(
            self.network,
            self.volume if upright else TurnedVolume(self.volume, turn),
            self.intensity,
            [Output(output.convert, adding, output.dtype, output.channels)],
            roi=part,
            sample=sample if sample is None or upright else TurnedSample(sample, shape, turn),
            **settings,
        )
        return plan


class _Adding:
    """Adds the slabs of a turned part to the sums of the upright one, whose sides are given."""

    def __init__(self, sums, turn, sides):
        self.sums, self.turn, self.sides = sums, turn, sides

    def write(self, start, slab):
        """Add a slab."""
        turned = ((start, start + len(slab)), *((0, side) for side in slab.shape[1:3]))
        self.sums.add(self.turn.source(turned, self.sides), self.turn.undo(slab))


def open_networks(fitted, *, step, passes, z_blocks, blend=None, **settings):
    """Make the networks of weights ready to predict.

    Parameters
    ----------
    fitted : list of tomoseg_tf.weights.Weights
        One or several.
    step, passes, z_blocks, blend
        As for `open_network`; where some networks see slices and others see volumes, each gets
        what is for its kind.
    **settings
        Precision and device.

    Returns
    -------
    list of TiledNetwork, BlockNetwork, SliceNetwork or PatchNetwork

    Raises
    ------
    ValueError
        If an option belongs to none of the networks.
    """
    mixed, networks = len({*map(sees_slices, fitted)}) > 1, []
    for member in fitted:
        only = {"step": step, "passes": passes, "z_blocks": z_blocks, "blend": blend}
        if mixed and sees_slices(member):
            only["z_blocks"] = only["blend"] = None
        elif mixed:
            only |= {"step": None, "passes": "z"}
        axes = member.config.axes
        networks.append(open_network(member.build(), axes=axes, **only, **settings))
    return networks


def join(
    first,
    fitted,
    networks,
    volume,
    mask,
    *,
    apply_filters,
    statistics=None,
    spool_folder=None,
):
    """Give the first member its fellows, each with its own filters and normalisation.

    Parameters
    ----------
    first : Member
        Of the first weights.
    fitted : list of tomoseg_tf.weights.Weights
        All weights.
    networks : list
        Their networks.
    volume : Volume
        The scan as it is.
    mask : str or path
        Which voxels are the sample, see `tomoseg_tf.volume.open_sample`.
    apply_filters : bool
        Whether the scan still has to go through the filters.
    statistics : Statistics, optional
        Those that all normalise by; those of the scan if None.
    spool_folder : path, optional
        Where slices that take time to make are kept on the disk once they were made.

    Returns
    -------
    list of Member
    """
    known = {_preparation(fitted[0].config): first}
    members = [first]
    for member, network in zip(fitted[1:], networks[1:], strict=True):
        key = _preparation(member.config)
        if key not in known:
            filters, normalisation = key
            source = through_filters(volume, filters if apply_filters else ())
            if spool_folder is not None and takes_time(source):
                source = SpooledVolume(source, spool_folder)
            sample = open_sample(source, mask)
            if statistics is None:
                intensity = measured_intensity(normalisation, source, sample)
            else:
                intensity = normalisation.intensity(statistics)
            known[key] = Member(network, source, intensity, sample, False)
        members.append(replace(known[key], network=network, sees_slices=sees_slices(member)))
    return members


def sees_slices(fitted):
    """Tell whether weights are those of a network of slices, not of volumes."""
    return len(fitted.config.arguments["input_shape"]) == 3


def _preparation(config):
    return config.filters, config.normalisation


def count_runs(fitted, turns, passes, disagreement=None):
    """Count the passes over the volume that weights and turns make.

    Parameters
    ----------
    fitted : list of tomoseg_tf.weights.Weights
        One or several.
    turns, passes : str
        As for `list_turns`.
    disagreement : path, optional
        Where the disagreement of the members is to go.

    Returns
    -------
    int

    Raises
    ------
    ValueError
        If a single one is to disagree.
    """
    runs = len(_all_turns(fitted, turns, passes))
    if disagreement is not None and runs == 1:
        raise ValueError(
            f"{disagreement}: a single member cannot disagree; add weights, turns or passes"
        )
    return runs


def leaves_z(fitted, turns, passes):
    """Tell whether any of the passes sees slices along another axis than z.

    Parameters
    ----------
    fitted : list of tomoseg_tf.weights.Weights
        One or several.
    turns, passes : str
        As for `list_turns`.

    Returns
    -------
    bool
    """
    return any(turn.order[0] != 0 for turn in _all_turns(fitted, turns, passes))


def _all_turns(fitted, turns, passes):
    """List the turns of all members, one after the other."""
    return [
        turn
        for member in fitted
        for turn in list_turns(turns, slices=sees_slices(member), passes=passes)
    ]
