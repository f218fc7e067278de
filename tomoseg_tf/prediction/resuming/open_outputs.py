"""Keep other processes from the outputs of a segmentation, and what is done of them."""

from contextlib import ExitStack, contextmanager

from tomoseg_tf.prediction.resuming.unfinished import Unfinished
from tomoseg_tf.volume import naming_full_disk, single_writer, split_location


@contextmanager
def unfinished_outputs(targets, shape, plan, *, overwrite, notify=None):
    """Keep other processes from some outputs, and what is done of them if this one ends early.

    Parameters
    ----------
    targets : list of Target
        The outputs.
    shape : tuple of int
        Their shape (Z, Y, X).
    plan : dict
        From `tomoseg_tf.prediction.fingerprint.describe_run`.
    overwrite : bool
        Whether existing outputs may be replaced.
    notify : callable, optional
        Called with each text that a user should read at once.

    Yields
    ------
    Unfinished
        Its `outputs` take slices from `done` on; `finish` ends it.

    Raises
    ------
    ValueError
        If another process writes one of them, one exists, or there are some of another plan.
    """
    with ExitStack() as stack:
        for target in targets:
            warning = stack.enter_context(single_writer(split_location(target.path).path))
            if warning and notify:
                notify(warning)
        unfinished = Unfinished(targets, shape)
        there = unfinished.check(plan, overwrite=overwrite)
        for index, target in enumerate(targets):
            target.check(overwrite or (there and unfinished.may_replace(index, overwrite)))
        try:
            with naming_full_disk(targets[0].path):
                unfinished.begin(plan, overwrite=overwrite)
                yield unfinished
        except BaseException:
            unfinished.leave()
            raise
