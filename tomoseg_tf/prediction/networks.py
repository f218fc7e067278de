"""Which way a network predicts: in tiles, by whole slices, or patch by patch."""

from dataclasses import replace

from tomoseg_tf.prediction.blending import OVERLAP, BlendedNetwork
from tomoseg_tf.prediction.blocks import BlockNetwork
from tomoseg_tf.prediction.device import find_device, find_kernels, value_bytes
from tomoseg_tf.prediction.engine import Engine
from tomoseg_tf.prediction.graph import inference_graph
from tomoseg_tf.prediction.keras_network import KerasNetwork
from tomoseg_tf.prediction.patches import PatchEngine, plan_patches
from tomoseg_tf.prediction.plan import MAX_MEMORY, make_plan
from tomoseg_tf.prediction.slice_memory import weights_memory
from tomoseg_tf.prediction.slices import SliceEngine, plan_slices
from tomoseg_tf.prediction.streaming import StreamingEngine, plan_stream, why_not_streamed

PASSES = "zyx"
TILED_WEIGHTS = 2  # times that tiles hold the weights of a network of slices again


def open_network(
    model,
    *,
    axes="ZYX",
    step=None,
    passes="z",
    z_blocks=None,
    blend=None,
    precision="float32",
    device="auto",
):
    """Make a network ready to predict volumes.

    Parameters
    ----------
    model : keras.Model
        From (B, Z, Y, X, C), or from slices (B, Y, X, C). A network that this function made is
        returned as it is: to predict many volumes without making it ready for each.
    axes : str
        Axis order that the weights were fitted in, "ZYX" or "XYZ".
    step : int, optional
        Pixels from patch to patch, for a network of one patch size.
    passes : str
        Axes along which slices are taken, of "z", "y" and "x".
    z_blocks : int, optional
        Slices of the blocks that a network of volumes predicts, each by itself; none by default.
    blend : tuple of int, optional
        Sides (Z, Y, X) of tiles that a network of volumes predicts, each by itself, and that are
        blended; none by default.
    precision, device : str
        See `tomoseg_tf.prediction.device.find_device`.

    Returns
    -------
    TiledNetwork, BlockNetwork, BlendedNetwork, SliceNetwork or PatchNetwork
        ``plan(shape, roi=..., tile=..., voxel_bytes=..., max_memory=...)`` gives an engine and a
        plan for `tomoseg_tf.prediction.executor.predict_tiles`.

    Raises
    ------
    ValueError
        If an option does not belong to the network, or the network cannot predict volumes.
    """
    if isinstance(model, (TiledNetwork, BlockNetwork, BlendedNetwork, SliceNetwork, PatchNetwork)):
        return model
    rank = len(model.input_shape) - 2
    if not passes or len(set(passes)) < len(passes) or set(passes) - set(PASSES):
        raise ValueError(f"passes must be z, y or x, each at most once, got {','.join(passes)!r}")
    if rank == 3 and passes != "z":
        raise ValueError(
            f"passes {','.join(passes)} are for networks of slices, but {model.name} sees volumes; "
            "leave them out"
        )
    if z_blocks is not None and (rank == 2 or z_blocks < 1):
        raise ValueError(
            f"z_blocks {z_blocks} must be at least 1, the slices of a block"
            if rank == 3
            else f"z_blocks {z_blocks} are for networks of volumes, but {model.name} sees slices; "
            "leave them out"
        )
    if blend is not None:
        _check_blend(model, blend, rank, axes, z_blocks)
        return BlendedNetwork(model, blend, precision, device)
    if rank == 3:
        _no_step(model, step)
        network = TiledNetwork(model, axes, precision, device)
        return network if z_blocks is None else BlockNetwork(network, z_blocks)
    if rank != 2:
        raise ValueError(f"{model.name} takes {model.input_shape}, which is no slice or volume")
    if axes != "ZYX":
        raise ValueError(f"axes {axes} are for networks of volumes; {model.name} sees slices")
    network = KerasNetwork(model, precision=precision, device=device)
    if network.patch:
        return PatchNetwork(network, step, precision)
    _no_step(model, step)
    return SliceNetwork(network, model, precision)


class TiledNetwork:
    """A network whose every step is known, streamed in z or predicted in exact tiles.

    Parameters
    ----------
    model : keras.Model
        As for `tomoseg_tf.prediction.graph.inference_graph`.
    axes, precision, device : str
        As for `open_network`.
    """

    def __init__(self, model, axes, precision, device):
        find_device(device, precision)
        self.name = model.name
        try:
            self.nodes = inference_graph(model, axes=axes)
        except ValueError as error:
            cure = "; or blend tiles that overlap, with --blend"
            raise ValueError(f"{error}{cure if len(model.input_shape) == 5 else ''}") from None
        self.num_classes = self.nodes[-1].channels
        self.settings = {"precision": precision, "device": device}

    def plan(self, shape, *, roi, tile=None, voxel_bytes, max_memory=None):
        """Make an engine and its plan: a stream in z, or tiles where these are given.

        See `tomoseg_tf.prediction.streaming.plan_stream` and
        `tomoseg_tf.prediction.plan.make_plan`.
        """
        settings = {
            "roi": roi,
            "value_bytes": value_bytes(self.settings["precision"]),
            "voxel_bytes": voxel_bytes,
            "max_memory": max_memory,
        }
        obstacle = why_not_streamed(self.nodes)
        if tile is None and obstacle is None:
            kernels = find_kernels(self.settings["device"])
            nodes, plan = plan_stream(self.nodes, shape, **kernels, **settings)
            return StreamingEngine(nodes, plan.chunk, **self.settings), plan
        plan = make_plan(self.nodes, shape, tile=tile, **settings)
        if tile is None:
            text = f"{self.name} is predicted in exact tiles that overlap, not streamed: {obstacle}"
            plan = replace(plan, reason=text)
        return Engine(self.nodes, **self.settings), plan


class SliceNetwork:
    """A network of slices of any size, predicted whole; in exact tiles where one does not fit.

    Parameters
    ----------
    network : KerasNetwork
        Of open sides.
    model : keras.Model
        Where it comes from.
    precision : str
        Number format inside the network.
    """

    def __init__(self, network, model, precision):
        self.network, self.model, self.precision = network, model, precision
        self.num_classes = network.num_classes

    def plan(self, shape, *, roi, tile=None, voxel_bytes, max_memory=None):
        """Choose a batch and make an engine, see `tomoseg_tf.prediction.slices.plan_slices`."""
        settings = {"roi": roi, "voxel_bytes": voxel_bytes, "max_memory": max_memory}
        if tile is None:
            plan, batch = plan_slices(self.network, shape, precision=self.precision, **settings)
            if batch:
                return SliceEngine(self.network, batch), plan
        try:
            tiled = TiledNetwork(self.model, "ZYX", self.precision, self.network.device or "auto")
        except ValueError as error:
            if tile is not None:
                raise ValueError(f"{error}; leave the tile out, for whole slices") from None
            raise _too_large(shape, plan, max_memory, error) from None
        weights = TILED_WEIGHTS * weights_memory(self.model)
        settings["max_memory"] = max(1, (max_memory or MAX_MEMORY) - weights)
        engine, plan = tiled.plan(shape, tile=tile, **settings)
        plan = replace(plan, memory=plan.memory + weights)
        if tile is None:
            sides = " x ".join(map(str, shape[1:]))
            text = (
                f"{self.model.name} is predicted in exact tiles that overlap, not by whole slices: "
                f"one of {sides} does not fit into the memory (--max-memory)"
            )
            plan = replace(plan, reason=text)
        return engine, plan


class PatchNetwork:
    """A network of one patch size, predicted in patches that overlap.

    Parameters
    ----------
    network : KerasNetwork
        With its `patch`.
    step : int or None
        Pixels from patch to patch; a quarter of the patch if None.
    precision : str
        Number format inside the network.
    """

    def __init__(self, network, step, precision):
        shorter = min(network.patch)
        step = max(1, shorter // 4) if step is None else step
        if not 1 <= step <= shorter:
            raise ValueError(f"step {step} must be 1 to {shorter}, the side of a patch")
        self.network, self.step, self.precision = network, step, precision
        self.num_classes = network.num_classes

    def plan(self, shape, *, roi, tile=None, voxel_bytes, max_memory=None):
        """Choose a batch and make an engine, see `tomoseg_tf.prediction.patches.plan_patches`."""
        if tile is not None:
            raise ValueError(
                f"the network has patches of {' x '.join(map(str, self.network.patch))}, which "
                "overlap, instead of tiles; leave the tile out"
            )
        plan, batch = plan_patches(
            self.network,
            shape,
            step=self.step,
            roi=roi,
            precision=self.precision,
            voxel_bytes=voxel_bytes,
            max_memory=max_memory,
        )
        if not batch:
            raise _too_large(shape, plan, max_memory)
        return PatchEngine(self.network, self.step, batch), plan


def _check_blend(model, blend, rank, axes, z_blocks):
    """Refuse to blend what is predicted in another way."""
    if rank != 3 or axes != "ZYX" or z_blocks is not None:
        other = "sees slices" if rank != 3 else "is predicted in blocks, or along other axes"
        raise ValueError(f"blended tiles are for networks of volumes, but {model.name} {other}")
    if len(blend) != 3 or min(blend) < OVERLAP:
        raise ValueError(f"blended tiles of {blend}: three sides of at least {OVERLAP} are needed")


def _no_step(model, step):
    if step is not None:
        raise ValueError(
            f"step {step} is for networks of one patch size, such as xlearn_unet; {model.name} "
            "takes any size: leave it out"
        )


def _too_large(shape, plan, max_memory, reason=None):
    """Error for a slice that does not fit and cannot be cut."""
    because = f" and cannot be cut ({reason})" if reason else ""
    return ValueError(
        f"a slice of {' x '.join(map(str, shape[1:]))} needs about {plan.memory / 1e9:.2g} GB, "
        f"more than the {(max_memory or MAX_MEMORY) / 1e9:.2g} GB allowed{because}; allow more "
        "with --max-memory"
    )
