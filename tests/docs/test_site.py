"""The site builds without a warning, and a page needs nothing from elsewhere."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ELSEWHERE = re.compile(
    r"<(?:script|img|iframe)[^>]+src=\"(https?:[^\"]+)|<link[^>]+href=\"(https?:[^\"]+)"
)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Folder of the built site."""
    pytest.importorskip("mkdocs", reason='the site needs: pip install ".[docs]"')
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", folder]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-4000:]
    return folder


@pytest.mark.docs
def test_each_page_is_there_and_needs_nothing_from_elsewhere(site):
    pages = [path.relative_to(ROOT / "docs") for path in (ROOT / "docs").rglob("*.md")]
    for page in pages:
        html = (site / page).with_suffix(".html").read_text()
        assert ELSEWHERE.findall(html) == [], page
    styles = "".join(path.read_text() for path in site.glob("assets/**/*.css"))
    assert re.findall(r"@import|url\([\"']?https?:", styles) == []


@pytest.mark.docs
def test_formulas_are_drawn_and_docstrings_are_markdown(site):
    assert (site / "explanation/scores.html").read_text().count('class="formula"') > 10
    python = (site / "reference/python.html").read_text()
    assert 'class="formula"' in python
    assert ".. math::" not in python
    assert ".. [1]" not in python
    assert "]_" not in python


@pytest.mark.docs
def test_commands_stand_as_help_shows_them(site):
    html = (site / "reference/cli.html").read_text()
    assert "<code>--threshold FLOAT RANGE</code>" in html
    assert 'id="tomoseg-tf-simulate-micropillar"' in html
    assert "Sentinel" not in html
    assert "\b" not in html
