"""What is told of a segmentation that is written: how it was made, and what to know of it."""

from tomoseg_tf.prediction.blended_tiles import BlendPlan
from tomoseg_tf.prediction.budget import highest
from tomoseg_tf.prediction.plan import reasons
from tomoseg_tf.prediction.seams import seam_notice, seam_score
from tomoseg_tf.volume import open_volume, split_location
from tomoseg_tf.volume.formats import format_of_suffix


def summarise_run(run, plans, sample):
    """Tell of a segmentation that is written.

    Parameters
    ----------
    run : Run
        The segmentation.
    plans : list of Plan
        That of each pass.
    sample : Sample or None
        Which voxels counted.

    Returns
    -------
    dict
        As `tomoseg_tf.prediction.segment_file` gives it, but for what only its caller knows.
    """
    spacing, seams = run.source.spacing, _seams(run, plans)
    return {
        "filters": list(map(str, getattr(run.source, "filters", ()))),
        "seams": seams,
        "shape": list(run.shape),
        "spacing": None if spacing is None else list(spacing),
        "threshold": run.threshold,
        "tiles": sum(plan.num_tiles for plan in plans),
        "tile": list(plans[0].tile),
        "overhead": plans[0].overhead,
        "precision": run.settings["precision"],
        "mask": str(run.mask),
        "weights": [member.name for member in run.fitted],
        "runs": run.num_runs,
        "memory": highest(),
        "read_amplification": run.amplification,
        "notices": _notices(run, plans, sample, seams),
    }


def _seams(run, plans):
    """Measure the seams of tiles that were blended; None if none were."""
    if len(plans) > 1 or not isinstance(plans[0], BlendPlan):
        return None
    target = run.targets[0]
    chosen = format_of_suffix(split_location(target.path).path)
    states_all = chosen is None or not chosen.bare
    stated = {} if states_all else {"shape": run.shape, "dtype": target.dtype}
    return seam_score(open_volume(target.path, **stated), plans[0].faces())


def _notices(run, plans, sample, seams):
    """List what a user should know, each with the name of the file that it is about."""
    source, passes = run.source, run.settings["passes"]
    notices = source.named_notices()
    if sample is not None:
        notices.append(f"{source.name}: {sample.notice}")
    if set(passes) - {"z"} and source.spacing and len(set(source.spacing)) > 1:
        sides = " x ".join(f"{side:g}" for side in source.spacing)
        notices.append(
            f"{source.name}: passes along y and x take the voxels for cubes, "
            f"but they are {sides} µm"
        )
    notices += [text for target in run.targets for text in target.lost(source.spacing)]
    notices += reasons(plans)
    if seams is not None:
        notices.append(seam_notice(run.targets[0].path, seams))
    return [*notices, *run.reading_notices()]
