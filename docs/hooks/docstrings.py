"""Docstrings of the package as Markdown: what numpydoc takes from reStructuredText is replaced."""

import importlib.util
import re
import textwrap
from pathlib import Path

import griffe

_spec = importlib.util.spec_from_file_location("formulas", Path(__file__).with_name("formulas.py"))
_formulas = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_formulas)

MATH = re.compile(r"^( *)\.\. math:: *(.*(?:\n(?:\1 +.*|(?=\n\1 ))?)*)", re.MULTILINE)
INLINE = re.compile(r":math:`([^`]+)`")
CITED = re.compile(r"(\[\d+\])_")
REFERENCE = re.compile(r"^( *)\.\. (\[\d+\]) (.*(?:\n\1 +\S.*)*)", re.MULTILINE)


def to_markdown(text):
    """Turn the directives of a docstring into Markdown.

    Parameters
    ----------
    text : str
        A numpydoc docstring.

    Returns
    -------
    str
        The same with formulas, citations and references in Markdown.
    """
    text = MATH.sub(_block, text)
    text = INLINE.sub(lambda found: _formulas.svg(found[1]), text)
    text = REFERENCE.sub(lambda found: f"{found[1]}{found[2]} {_line(found[3])}\n", text)
    return CITED.sub(r"\1", text)


def _block(found):
    indent, body = found[1], textwrap.dedent(found[2]).strip()
    return f"{indent}```math\n{indent}{_line(body)}\n{indent}```\n"


def _line(text):
    return " ".join(text.split())


class Docstrings(griffe.Extension):
    """Rewrites each docstring when its object is loaded."""

    def on_object(self, *, obj, **others):
        """Rewrite the docstring of a module, class, function or attribute."""
        if obj.docstring is not None:
            obj.docstring.value = to_markdown(obj.docstring.value)
