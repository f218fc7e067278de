"""Where the weights, recipes and the example scan that come with the package lie.

A wheel holds them inside the package; an editable install and the checkout
itself have them in folders of the checkout (see ``setup.py``).
"""

from pathlib import Path

CHECKOUT = {"fitted": "weights", "recipes": "recipes", "example": "examples/micropillar"}


def bundled(name):
    """Find a bundled folder.

    Parameters
    ----------
    name : str
        "fitted" (weights folders), "recipes" or "example".

    Returns
    -------
    Path
        The folder inside the package, else that of the checkout; it may not exist.
    """
    package = Path(__file__).parent
    inside = package / name
    return inside if inside.is_dir() else package.parent / CHECKOUT[name]
