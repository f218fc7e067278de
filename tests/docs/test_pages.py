"""What the pages state is what the package has: messages, settings of recipes, figures."""

import ast
import re
from pathlib import Path

import pytest

from tomoseg_tf.training.recipe import Augmentation, Normalisation, Recipe, Search

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
ELSEWHERE = {"augmentation": Augmentation, "normalisation": Normalisation, "search": Search}


def texts():
    """Every text in the package, with an ellipsis for each value in it."""
    found = []
    for path in (ROOT / "tomoseg_tf").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(node.value)
            elif isinstance(node, ast.JoinedStr):
                parts = (
                    part.value if isinstance(part, ast.Constant) else "…" for part in node.values
                )
                found.append("".join(parts))
    return "\n".join(found)


def test_each_message_of_the_page_of_errors_is_one_of_the_package():
    messages = re.findall(r"^### `(.+)`$", (DOCS / "errors.md").read_text(), re.MULTILINE)
    assert len(messages) > 20
    everything = texts()
    for message in messages:
        missing = [part for part in message.split("…") if part not in everything]
        assert missing == [], message


def fields(recipe=Recipe):
    """Dotted keys of a recipe with their defaults."""
    for key, field in recipe.model_fields.items():
        section = ELSEWHERE.get(key) or field.annotation
        if hasattr(section, "model_fields"):
            inner = section.model_fields.items()
            yield from ((f"{key}.{name}", one.get_default()) for name, one in inner)
        elif key in ELSEWHERE:
            names = section.__dataclass_fields__
            yield from ((f"{key}.{name}", one.default) for name, one in names.items())
        else:
            yield key, field.get_default()


def plain(value):
    """Default as a recipe writes it, the axes without quotes."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, tuple):
        return f"[{', '.join(map(str, value))}]"
    return '""' if value == "" else str(value)


def test_the_page_of_recipes_has_every_key_with_its_default():
    rows = re.findall(
        r"^\| `([\w.]+)` \| (.+?) \|", (DOCS / "reference/recipes.md").read_text(), re.MULTILINE
    )
    stated = {key: default.strip("`") for key, default in rows}
    expected = {key: plain(default) for key, default in fields()}
    expected["normalisation.outside"] = Recipe().normalisation.outside
    expected["search.space"] = "needed"
    assert stated == expected


@pytest.mark.parametrize("page", sorted(DOCS.rglob("*.md")), ids=lambda page: page.stem)
def test_figures_are_there(page):
    for target in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", page.read_text()):
        assert (page.parent / target).is_file(), target


def test_figures_are_small_and_all_are_used():
    images = list((DOCS / "images").iterdir())
    assert all(image.stat().st_size < 150_000 for image in images)
    assert sum(image.stat().st_size for image in images) < 2_000_000
    pages = "".join(page.read_text() for page in DOCS.rglob("*.md"))
    assert [image.name for image in images if image.name not in pages] == []
