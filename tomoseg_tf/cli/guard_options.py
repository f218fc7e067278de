"""Options of prediction that fit a scan to its weights, or refuse it."""

import click


class VoxelSize(click.ParamType):
    """A voxel size in µm: ``weights``, one number, or three separated by commas."""

    name = "weights|S|Z,Y,X"

    def convert(self, value, param, ctx):
        """Turn the text into a tuple of three numbers; ``weights`` stays a text."""
        if isinstance(value, tuple) or value == "weights":
            return value
        try:
            sides = tuple(float(part) for part in value.split(","))
        except ValueError:
            sides = ()
        if len(sides) not in (1, 3) or not all(0 < side < float("inf") for side in sides):
            self.fail(f"{value!r} must be weights, or one or three numbers above 0", param, ctx)
        return sides * 3 if len(sides) == 1 else sides


to_spacing = click.option(
    "--to-spacing",
    type=VoxelSize(),
    metavar="weights|S|Z,Y,X",
    help="Resample the scan for the network to voxels of this size in µm, or of the size that the "
    "weights were fitted on (weights). The result is on the grid of the scan.",
)
binning = click.option(
    "--bin",
    "binning",
    type=click.IntRange(min=1),
    metavar="N",
    help="Let the network see the means of blocks of N x N x N voxels, where objects are N times "
    "larger than in training. The result is on the grid of the scan.",
)
strict = click.option(
    "--strict",
    is_flag=True,
    help="Refuse a scan whose voxel size or grey differs from that of the training scans, instead "
    "of saying so; say what could not be compared.",
)
