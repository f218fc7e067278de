"""What the shell offers for an argument or option: names that come with the package, and files.

Nothing here imports Keras or reads weights: the shell waits for it.
"""

import click
from click.shell_completion import CompletionItem

from tomoseg_tf.bundle import bundled

VARIABLE = "_TOMOSEG_TF_COMPLETE"  # which Click looks for
# as the packages list them, which would import Keras
NETWORKS = (
    *("unet_3d", "cicek_unet_3d", "residual_unet_3d", "fcdense_3d"),
    *("unet_2d", "residual_unet_2d", "unet_plus_plus", "pspnet", "deeplab_v3_plus"),
    *("segnet_2d", "fcdense_2d", "xlearn_unet"),
)
CLASSICAL = ("otsu", "kmeans", "em_mpm", "svm", "random_forest")


def weights_names():
    """Name the weights that come with the package.

    Returns
    -------
    list of str
        In alphabetical order.
    """
    return sorted(path.parent.name for path in bundled("fitted").glob("*/config.json"))


def recipe_names():
    """Name the recipes that come with the package.

    Returns
    -------
    list of str
        In alphabetical order.
    """
    folder = bundled("recipes")
    found = (path.relative_to(folder).with_suffix("") for path in folder.rglob("*.yaml"))
    return sorted(path.as_posix() for path in found)


def _networks():
    return NETWORKS


def _compared():
    return [*NETWORKS, *CLASSICAL, *recipe_names(), *weights_names()]


def _masks():
    return ["auto", "none"]


def _all_weights():
    return ["all", *weights_names()]


# by the name of the parameter, after that of the command where others have it, too
NAMED = {
    "weights": weights_names,
    "train start": weights_names,
    "info name": weights_names,
    "verify names": _all_weights,
    "mirror sources": weights_names,
    "recipe": recipe_names,
    "tune second": recipe_names,
    "models name": _networks,
    "import model": _networks,
    "compare models": _compared,
    "mask": _masks,
    "masks": _masks,
}
SEVERAL = ("models",)  # whose names stand in a list with commas


class Named(click.ParamType):
    """A type that offers names, and files or folders where none begins so.

    Parameters
    ----------
    kind : click.ParamType
        What converts the value.
    names : callable
        ``names()`` lists the names.
    several : bool
        Whether names stand in a list with commas.
    """

    def __init__(self, kind, names, several):
        self._kind, self._names, self._several = kind, names, several
        self.name = kind.name

    def convert(self, value, param, ctx):
        """Convert as the type does that this one stands for."""
        return self._kind.convert(value, param, ctx)

    def shell_complete(self, ctx, param, incomplete):
        """Offer names that begin so, or else leave it to the shell to offer paths.

        Parameters
        ----------
        ctx : click.Context
            Of the command.
        param : click.Parameter
            What is completed.
        incomplete : str
            What is typed.

        Returns
        -------
        list of CompletionItem
            What the shell is to offer.
        """
        done, comma, last = incomplete.rpartition(",") if self._several else ("", "", incomplete)
        found = [name for name in self._names() if name.startswith(last)]
        items = [CompletionItem(f"{done}{comma}{name}") for name in found]
        return items or [CompletionItem(incomplete, type="file")]


def offer_names(command, name):
    """Let a command, and those below it, offer names for its arguments and options.

    Parameters
    ----------
    command : click.Command
        Changed in place.
    name : str
        Its name.

    Returns
    -------
    click.Command
        The same.
    """
    for param in command.params:
        names = NAMED.get(f"{name} {param.name}") or NAMED.get(param.name)
        if names is not None and not isinstance(param.type, (click.Path, Named)):
            param.type = Named(param.type, names, param.name in SEVERAL)
    for below, inner in getattr(command, "commands", {}).items():
        offer_names(inner, below)
    return command
