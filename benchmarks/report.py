"""Seconds to write a report, its size, and seconds until a browser shows it.

    python benchmarks/report.py [--shape 256,1024,1024] [--number 9000] [--small] [--keep FOLDER]

Balls at random places of a lattice in noise, and a segmentation of them that errs at some, in TIFF
files. Written in a process of its own, which also says for how long it had a processor, and then
opened in headless Chromium, of PATH or of TOMOSEG_TF_BROWSER: until the document is parsed, and
until the first slice is drawn, the best of three.
"""

import argparse
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from objects import place_balls

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def write_volumes(folder, shape, number):
    """Write grey levels, a truth, and a segmentation that lacks or adds some balls."""
    from tomoseg_tf.volume import create_volume

    rng = np.random.default_rng(0)
    centres, radii = place_balls(rng, shape, number)
    fate = rng.random(len(radii))
    noise = rng.normal(0, 18, shape[1:])
    spacing = {"spacing": (0.03, 0.03, 0.03)}
    with (
        create_volume(folder / "truth.tif", shape, "uint8", classes=True, **spacing) as truth,
        create_volume(folder / "seg.tif", shape, "uint8", classes=True, **spacing) as segmentation,
        create_volume(folder / "scan.tif", shape, "uint8", **spacing) as scan,
    ):
        for z in range(shape[0]):
            true, found = np.zeros((2, *shape[1:]), np.uint8)
            for index in np.flatnonzero(np.abs(centres[:, 0] - z) <= radii):
                if fate[index] > 0.04:
                    _draw(true, z, centres[index], radii[index])
                if fate[index] < 0.96:
                    shift = 1 if fate[index] < 0.3 else 0
                    _draw(found, z, centres[index] + (0, shift, 0), radii[index])
            grey = 150 - 70.0 * true + np.roll(noise, (37 * z, 101 * z), axis=(0, 1))
            truth.write(z, true[None])
            segmentation.write(z, found[None])
            scan.write(z, np.clip(grey, 0, 255).astype(np.uint8)[None])


def _draw(plane, z, centre, radius):
    """Draw the section of a ball."""
    squared = radius**2 - (z - centre[0]) ** 2
    low = np.maximum(np.floor(centre[1:] - radius).astype(int), 0)
    high = np.ceil(centre[1:] + radius).astype(int) + 1
    rows, columns = np.ogrid[low[0] : high[0], low[1] : high[1]]
    inside = (rows - centre[1]) ** 2 + (columns - centre[2]) ** 2 <= squared
    view = plane[low[0] : high[0], low[1] : high[1]]
    view[inside[: view.shape[0], : view.shape[1]]] = 1


def write(folder):
    """Write the report; print what it took."""
    from tomoseg_tf.report import write_report

    started, begun = time.perf_counter(), time.process_time()
    summary = write_report(
        folder / "report.html",
        folder / "seg.tif",
        volume=folder / "scan.tif",
        truth=folder / "truth.tif",
        title="Benchmark",
        overwrite=True,
    )
    took = {"seconds": time.perf_counter() - started, "busy": time.process_time() - begun}
    memory = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({**summary, **took, "memory": memory}))


def find_browser():
    """Find Chromium."""
    named = os.environ.get("TOMOSEG_TF_BROWSER")
    return named or next(filter(None, map(shutil.which, BROWSERS)), None)


def show(path, browser):
    """Open a report; return milliseconds to the parsed document and to the first slice."""
    from playwright.sync_api import expect, sync_playwright

    times = []
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        for _ in range(3):
            page = chromium.new_page(viewport={"width": 1440, "height": 900})
            page.goto(path.as_uri())
            expect(page.locator("#field")).to_have_attribute("data-z", re.compile("."))
            parsed = "performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd"
            times.append((page.evaluate(parsed), page.evaluate("window.firstSlice")))
            page.close()
        chromium.close()
    return min(times, key=max)


def main(shape, number, keep):
    """Make the scan, write its report, and open it."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(keep or temporary)
        if not (folder / "seg.tif").exists():
            write_volumes(folder, shape, number)
        command = [sys.executable, __file__, "--write", str(folder)]
        result = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
        got = json.loads(result.stdout.splitlines()[-1])
        print(
            f"{shape}: written in {got['seconds']:.1f} s, of processors {got['busy']:.1f} s, "
            f"{got['memory'] / 1e9:.2f} GB, {got['bytes'] / 1e6:.2f} MB"
        )
        print(" ".join(got["notes"]))
        browser = find_browser()
        if browser is None:
            print("no Chromium in PATH: set TOMOSEG_TF_BROWSER to measure how fast it opens")
            return
        parsed, drawn = show(folder / "report.html", browser)
        print(f"opened: parsed after {parsed / 1e3:.2f} s, first slice after {drawn / 1e3:.2f} s")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shape", default=None, help="default: 256,1024,1024, small 16,128,128")
    parser.add_argument("--number", type=int, default=None, help="default: 9000, small 60")
    parser.add_argument("--keep", default=None, help="folder where the files stay")
    parser.add_argument("--small", action="store_true", help="to see that it runs")
    parser.add_argument("--write", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.write:
        write(Path(chosen.write))
        sys.exit()
    sides = chosen.shape or ("16,128,128" if chosen.small else "256,1024,1024")
    count = chosen.number or (60 if chosen.small else 9000)
    main(tuple(map(int, sides.split(","))), count, chosen.keep)
