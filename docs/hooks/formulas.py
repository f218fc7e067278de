"""Formulas in the pages: LaTeX to SVG by Matplotlib, so that no script from elsewhere is needed.

A fenced block of the language ``math`` becomes a drawn formula.
"""

import html
import io
import re
import zlib
from functools import cache

from matplotlib import rc_context
from matplotlib.font_manager import FontProperties
from matplotlib.mathtext import math_to_image

SIZE = 12  # points
# What Matplotlib has another word for, or none.
REPLACED = ((r"\tfrac", r"\frac"), ("\n", " "))


@cache
def svg(latex):
    """Draw a formula.

    Parameters
    ----------
    latex : str
        What stands between dollar signs.

    Returns
    -------
    str
        An ``svg`` element that takes the colour of the text around it.

    Raises
    ------
    ValueError
        If Matplotlib cannot read it.
    """
    for word, other in REPLACED:
        latex = latex.replace(word, other)
    buffer = io.BytesIO()
    font = FontProperties(size=SIZE, math_fontfamily="stix")
    with rc_context({"svg.fonttype": "path", "svg.hashsalt": latex}):
        math_to_image(f"${latex.strip()}$", buffer, prop=font, format="svg")
    drawn = buffer.getvalue().decode()
    drawn = drawn[drawn.index("<svg") :]
    drawn = re.sub(r"<metadata>.*?</metadata>", "", drawn, flags=re.DOTALL)
    drawn = re.sub(r'<g id="patch_\d+">.*?</g>', "", drawn, flags=re.DOTALL)
    drawn = re.sub(r"fill: #000000;?", "", drawn)
    drawn = _own_names(drawn, format(zlib.crc32(latex.encode()), "x"))
    label = html.escape(latex.strip(), quote=True)
    drawn = drawn.replace("<svg ", f'<svg class="formula" role="img" aria-label="{label}" ', 1)
    return " ".join(drawn.split())


def _own_names(drawn, key):
    """Make the names in a drawing its own: all formulas of a page share one document."""
    names = set(re.findall(r'id="([^"]+)"', drawn))
    for name in sorted(names, key=len, reverse=True):
        drawn = drawn.replace(f'id="{name}"', f'id="f{key}-{name}"')
        drawn = drawn.replace(f'"#{name}"', f'"#f{key}-{name}"')
    return drawn


def block(source, language, css_class, options, md, **others):
    """Draw a fenced block; the signature is that of custom fences."""
    large = source.replace(r"\frac", r"\dfrac")
    return f'<div class="formula">{svg(large)}</div>'


def on_config(config):
    """Register the language ``math`` of fenced blocks."""
    fences = config.mdx_configs.setdefault("pymdownx.superfences", {})
    fences.setdefault("custom_fences", []).append(
        {"name": "math", "class": "formula", "format": block}
    )
    return config
