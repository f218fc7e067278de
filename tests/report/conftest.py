import os
import re
import shutil

import numpy as np
import pytest
import tifffile

from tomoseg_tf.report import write_report

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SHAPE = (12, 96, 128)
SPACING = 0.5  # µm
NAMES = ("matrix", "pore", "inclusion & <i>slag</i>")


def balls():
    """(segmentation, truth, grey): a lattice of balls of two classes; the truth lacks one."""
    z, y, x = np.indices(SHAPE)
    segmentation = np.zeros(SHAPE, np.uint8)
    truth = segmentation.copy()
    for index in range(48):
        centre = 5.5, 8 + 16 * (index // 8), 8 + 16 * (index % 8)
        radius = 1.6 + 0.06 * index
        inside = sum((a - b) ** 2 for a, b in zip((z, y, x), centre, strict=True)) < radius**2
        segmentation[inside] = 1 + index % 2
        if index != 20:
            truth[inside] = 1 + index % 2
    noise = np.random.default_rng(0).normal(0, 6, SHAPE)
    grey = (150 - 50 * segmentation + noise).clip(0, 255).astype(np.uint8)
    return segmentation, truth, grey


@pytest.fixture(scope="session")
def volumes(tmp_path_factory):
    """Paths of a segmentation, a truth, grey levels and probabilities."""
    folder = tmp_path_factory.mktemp("volumes")
    segmentation, truth, grey = balls()
    probabilities = np.where(segmentation, 0.9, 0.1).astype(np.float32)
    arrays = {"segmentation": segmentation, "truth": truth, "volume": grey}
    options = {"photometric": "minisblack", "resolution": (1 / SPACING, 1 / SPACING)}
    metadata = {"spacing": SPACING, "unit": "um"}
    for name, array in (arrays | {"probabilities": probabilities}).items():
        path = folder / f"{name}.tif"
        tifffile.imwrite(path, array, imagej=True, metadata=metadata, **options)
    return {name: folder / f"{name}.tif" for name in (*arrays, "probabilities")}


@pytest.fixture(scope="session")
def report(volumes, tmp_path_factory):
    """Path of a report of all volumes."""
    path = tmp_path_factory.mktemp("report") / "report.html"
    write_report(path, **volumes, names=NAMES, title="Balls <script>alert(1)</script>")
    return path


@pytest.fixture(scope="session")
def chromium():
    """Name the Chromium of this machine; without one the test is skipped."""
    named = os.environ.get("TOMOSEG_TF_BROWSER")
    found = named or next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip("no Chromium in PATH; install it or name it by TOMOSEG_TF_BROWSER")
    return found


@pytest.fixture(scope="session")
def browser(chromium):
    """Headless Chromium."""
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def visit(browser):
    """Open a report; at the end see that it complained of nothing and asked for nothing."""
    expect = pytest.importorskip("playwright.sync_api").expect
    contexts, complaints, asked = [], [], []

    def visit(path, **options):
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(path.as_uri())
        expect(page.locator("#field")).to_have_attribute("data-z", re.compile("."))
        return page

    yield visit
    for context in contexts:
        context.close()
    assert complaints == []
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
