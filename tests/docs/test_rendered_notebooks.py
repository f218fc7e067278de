"""Executed notebooks become pages of the site."""

import importlib.util
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

ROOT = Path(__file__).parents[2]
PNG = "iVBORw0KGgo="  # the first bytes of a PNG file


@pytest.fixture(scope="module")
def hook():
    pytest.importorskip("mkdocs", reason='the site needs: pip install ".[docs]"')
    pytest.importorskip("nbconvert", reason='the site needs: pip install ".[docs]"')
    place = ROOT / "docs" / "hooks" / "notebooks.py"
    spec = importlib.util.spec_from_file_location("notebooks", place)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def config(tmp_path):
    """A site with one executed notebook: text, code, what it printed and a figure."""
    outputs = [
        new_output("stream", name="stdout", text="Dice 0.9\n"),
        new_output("display_data", data={"image/png": PNG, "text/plain": "<Figure>"}),
    ]
    cells = [new_markdown_cell("# 1. Segment"), new_code_cell("print(dice)", outputs=outputs)]
    folder = tmp_path / "build" / "notebooks"
    folder.mkdir(parents=True)
    nbformat.write(new_notebook(cells=cells), folder / "1_segment.ipynb")
    return SimpleNamespace(config_file_path=str(tmp_path / "mkdocs.yml"))


def test_a_page_has_text_code_outputs_and_figures(hook, config, tmp_path):
    text, figures = hook.render(tmp_path / "build/notebooks/1_segment.ipynb")
    assert text.strip().startswith("# 1. Segment")
    assert "print(dice)" in text
    assert "    Dice 0.9" in text
    ((name, content),) = figures.items()
    assert f"]({name})" in text
    assert name.startswith("1_segment_files/")
    assert content[:4] == b"\x89PNG"


def test_headings_link_to_pages_that_are_there(hook, config):
    page = SimpleNamespace(file=SimpleNamespace(src_uri="notebooks.md"))
    given = {"page": page, "config": config, "files": None}
    changed = hook.on_page_markdown("## `1_segment`\n## `3_train`\n", **given)
    assert changed == "## [`1_segment`](notebooks/1_segment.md)\n## `3_train`\n"
    other = SimpleNamespace(file=SimpleNamespace(src_uri="index.md"))
    assert hook.on_page_markdown("## `1_segment`", **{**given, "page": other}) == "## `1_segment`"


def test_the_page_of_notebooks_names_each_with_a_picture():
    text = (ROOT / "docs" / "notebooks.md").read_text()
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        part = text.split(f"## `{path.stem}`\n")[1].split("\n## ")[0]
        assert part.count("](images/") == 1, path.stem
