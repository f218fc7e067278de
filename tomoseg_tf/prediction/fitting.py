"""Predict in a plan that fits: a smaller one where the memory of the device is not enough."""

from dataclasses import replace

from tomoseg_tf.backend import OutOfMemoryError
from tomoseg_tf.prediction.executor import predict_tiles
from tomoseg_tf.prediction.plan import MAX_MEMORY


def predict_fitting(
    network, volume, intensity, outputs, *, plan, first=0, on_smaller=None, **settings
):
    """Predict a part of a volume; go on with half the memory each time that it runs out.

    Parameters
    ----------
    network : TiledNetwork, BlockNetwork, SliceNetwork or PatchNetwork
        The network.
    volume, intensity, outputs
        As for `tomoseg_tf.prediction.executor.predict_tiles`.
    plan : dict
        For the plan of the network: ``roi``, ``tile``, ``voxel_bytes`` and ``max_memory``.
    first : int, optional
        Slice of the volume; z-ranges that end at or before it are skipped, and slices before it
        are not written.
    on_smaller : callable, optional
        Called as ``on_smaller(text, max_memory)`` before a smaller plan is tried.
    **settings
        For `tomoseg_tf.prediction.executor.predict_tiles`.

    Returns
    -------
    Plan
        The one that fitted.

    Raises
    ------
    OutOfMemoryError
        If the smallest plan does not fit.
    """
    low = plan["roi"][0][0]
    writers = [GoingOn(output.writer, max(0, first - low)) for output in outputs]
    outputs = [
        replace(output, writer=writer) for output, writer in zip(outputs, writers, strict=True)
    ]
    while True:
        engine, planned = network.plan(volume.shape, **plan)
        done = low + min(writer.stop for writer in writers)
        try:
            predict_tiles(engine, planned, volume, intensity, outputs, first=done, **settings)
            return planned
        except OutOfMemoryError as error:
            plan = _smaller(network, volume.shape, plan, planned, error)
            if on_smaller:
                size = " x ".join(map(str, planned.tile))
                on_smaller(
                    f"tiles of {size} voxels did not fit into the memory of the device; going on "
                    f"with tiles for {plan['max_memory'] / 1e9:.2g} GB",
                    plan["max_memory"],
                )
        del engine  # it holds memory of the device


class GoingOn:
    """Passes slabs on to a writer, but for the slices that it has.

    Parameters
    ----------
    writer : object
        Takes ``write(start, slab)``.
    stop : int
        Slices that it has.
    """

    def __init__(self, writer, stop):
        self.writer, self.stop = writer, stop

    def write(self, start, slab):
        """Write what is new of a slab."""
        known = max(0, self.stop - start)
        if known < len(slab):
            self.writer.write(start + known, slab[known:])
            self.stop = start + len(slab)


def _smaller(network, shape, plan, planned, error):
    """Halve the memory of a plan; raise the error if there is no such plan."""
    allowed = plan.get("max_memory") or MAX_MEMORY
    smaller = {**plan, "max_memory": min(allowed, planned.memory) / 2}
    try:
        _, found = network.plan(shape, **smaller)
    except ValueError:
        raise error from None
    if found.memory >= planned.memory:
        raise error from None
    return smaller
