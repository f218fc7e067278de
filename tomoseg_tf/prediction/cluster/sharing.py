"""Share a segmentation that is checked and ready among the workers of a cluster."""

from dataclasses import replace
from functools import partial

from tomoseg_tf.prediction.cluster.running import predict_on_cluster
from tomoseg_tf.prediction.ensemble import Member, join, open_networks, predict_mean, sees_slices
from tomoseg_tf.prediction.executor import predict_tiles
from tomoseg_tf.prediction.geometry import needed_boxes
from tomoseg_tf.prediction.streaming.plan import StreamPlan


def share_run(run, intensity, sample, outputs, *, memory, folder, first=0, progress=None):
    """Predict a segmentation on the workers of its cluster.

    Each worker gets the statistics of the whole scan and computes the very tiles that this
    process would, so that the result is the same.

    Parameters
    ----------
    run : Run
        The segmentation, with a client of its cluster.
    intensity : Intensity
        Normalisation, from the statistics of the whole volume.
    sample : Sample or None
        Which voxels count.
    outputs : list of Output
        What takes the results, in the order of slices.
    memory : float
        Bytes for tiles, batches and buffers, of each worker.
    folder : path
        Where the store of the workers lies; all of them see it.
    first : int
        Slice of the volume; layers of tiles that end at or before it are left out.
    progress : callable, optional
        Called as ``progress(done, total)`` in voxels.

    Returns
    -------
    list of Plan
        That of the first network.

    Raises
    ------
    ValueError
        If a range of slices fails.
    """
    networks = run.networks
    leader = Member(networks[0], run.source, intensity, sample, sees_slices(run.fitted[0]))
    members = [leader]
    if run.has_members:
        seen = {"apply_filters": run.apply_filters, "statistics": run.statistics}
        members = join(leader, run.fitted, networks, run.volume, run.mask, **seen)
    settings = {"voxel_bytes": run.voxel_bytes, "max_memory": memory}
    _, plan = networks[0].plan(run.source.shape, roi=run.roi, **settings)
    predict_on_cluster(
        run.client,
        folder,
        open=partial(open_networks, run.fitted, **run.settings),
        predict=partial(
            predict_part,
            members=[replace(member, network=None) for member in members],
            turns=run.turns if run.has_members else None,
            whole=run.roi,
            folder=str(folder),
            **settings,
        ),
        outputs=outputs,
        roi=run.roi,
        layers=[z for z, _ in plan.layers()],
        again=_computed_again(networks[0], plan),
        first=first,
        progress=_scaled(progress, run.num_runs),
    )
    return [plan]


def check_shared_settings(passes="z", blend=None, **others):
    """Refuse settings of a segmentation that workers cannot share.

    Parameters
    ----------
    passes, blend
        As for `tomoseg_tf.prediction.segment_file`.
    **others
        Its other settings, which they can.

    Raises
    ------
    ValueError
        If passes along y or x, or blended tiles, are wanted.
    """
    if list(passes) != ["z"]:
        raise ValueError(
            f"passes {','.join(passes)} need the whole volume at once and are not shared among "
            "workers; leave out --cluster and --workers, or use the pass along z alone"
        )
    if blend:
        raise ValueError(
            "tiles that are blended lie across the ranges of workers and are not shared; leave out "
            "--cluster and --workers, or --blend"
        )


def predict_part(networks, outputs, *, members, turns, roi, whole, folder, **settings):
    """Predict a range of slices on a worker.

    Parameters
    ----------
    networks : list
        Ready to predict.
    outputs : list of Output
        What takes the results.
    members : list of Member
        The members, without their networks.
    turns : str or None
        Turns of the members; None for a single network as it is.
    roi : tuple of (int, int)
        Part of the volume that this worker predicts.
    whole : tuple of (int, int)
        Part that all workers predict, by which the plan is made: it is that of a single process.
    folder : str
        Where sums lie meanwhile.
    **settings
        For the plan of the network: ``voxel_bytes`` and ``max_memory``.
    """
    members = [
        replace(member, network=network) for member, network in zip(members, networks, strict=True)
    ]
    if turns is not None:
        predict_mean(members, outputs, turns=turns, roi=roi, folder=folder, **settings)
        return
    (only,) = members
    engine, plan = only.network.plan(only.volume.shape, roi=whole, **settings)
    part = PlanPart(plan, *roi[0])
    predict_tiles(engine, part, only.volume, only.intensity, outputs, sample=only.sample)


class PlanPart:
    """Those layers of a plan that lie in a range of slices.

    Parameters
    ----------
    plan : Plan
        Of the whole.
    start, stop : int
        The range, which begins and ends with a layer.
    """

    def __init__(self, plan, start, stop):
        self.shape, self.padded = plan.shape, plan.padded
        self.roi = ((start, stop), *plan.roi[1:])
        self._plan = plan

    def layers(self):
        """Tiles by z-range, see `Plan.layers`."""
        start, stop = self.roi[0]
        for z, boxes in self._plan.layers():
            if start <= z[0] < stop:
                yield z, boxes


def _computed_again(network, plan):
    """Slices that a stream needs before and after those of a range; tiles need theirs anyway."""
    if not isinstance(plan, StreamPlan):
        return 0
    middle = plan.padded[0] // 2
    box = ((middle, middle + 1), *((0, side) for side in plan.padded[1:]))
    low, high = needed_boxes(network.nodes, box, plan.padded)[0][0]
    return high - low - 1


def _scaled(progress, runs):
    """Progress of voxels that count once per run."""
    if progress is None:
        return None
    return lambda done, total: progress(runs * done, runs * total)
