"""The page in a real browser: every control does what it says."""

import csv
import io
import re

import numpy as np
import pytest
from PIL import Image

from tomoseg_tf.report import write_report

expect = pytest.importorskip("playwright.sync_api").expect

DESKTOP = {"viewport": {"width": 1440, "height": 900}}
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
PHONE |= {"reduced_motion": "reduce"}


@pytest.fixture
def page(visit, report):
    return visit(report, **DESKTOP)


def told(page, name):
    """What the viewer says it draws: z, view or zoom."""
    return page.evaluate(f"document.getElementById('field').dataset.{name}")


def reaches(page, name, value):
    expect(page.locator("#field")).to_have_attribute(f"data-{name}", f"{value}")


def pixels(page):
    """What the viewer shows, (Y, X, 3)."""
    shot = page.locator("#field").screenshot()
    return np.asarray(Image.open(io.BytesIO(shot)).convert("RGB")).astype(int)


def column(page, number):
    cells = page.locator(f"#object-table tbody tr > :nth-child({number})").all_inner_texts()
    return [cell.replace(",", "") for cell in cells]


def is_red(image):
    return (image[..., 0] > 200) & (image[..., 1] < 80) & (image[..., 2] < 80)


def test_slices_by_wheel_slider_buttons_and_keys(page):
    start = int(told(page, "z"))
    assert 3 <= start <= 8  # one with most objects
    page.hover("#field")
    top = page.evaluate("scrollY")
    page.mouse.wheel(0, 100)
    reaches(page, "z", start + 2)
    page.mouse.wheel(0, -60)
    reaches(page, "z", start + 1)
    assert page.evaluate("scrollY") == top
    page.locator("#slice").fill("0")
    reaches(page, "z", 0)
    page.click("#slice-on")
    reaches(page, "z", 1)
    page.locator("#field").focus()
    page.keyboard.press("End")
    reaches(page, "z", 11)
    page.keyboard.press("ArrowDown")
    reaches(page, "z", 10)
    assert "z 10" in page.locator("#slice-name").inner_text()
    assert page.locator("#field").get_attribute("aria-label") == "Slice at z 10, errors"


def test_views_show_their_colours_and_name_them(page):
    assert is_red(pixels(page)).sum() > 50  # the ball that the truth lacks
    assert "false positive" in page.locator("#legend").inner_text()
    page.check("[name=view][value=truth]")
    reaches(page, "view", "truth")
    assert not is_red(pixels(page)).any()
    assert "inclusion & <i>slag</i>" in page.locator("#legend").inner_text()
    page.locator("#field").focus()
    page.keyboard.press("1")
    reaches(page, "view", "grey")
    grey = pixels(page)[60:300, 100:500]
    assert np.ptp(grey, axis=2).max() < 12
    page.keyboard.press("3")
    page.locator("#opacity").fill("100")
    filled = np.ptp(pixels(page), axis=2) > 60
    page.check("#outline")
    outlined = np.ptp(pixels(page), axis=2) > 60
    assert 0 < outlined.sum() < 0.7 * filled.sum()


def test_ignored_voxels_are_in_the_legend_where_there_are_any(visit, tmp_path):
    segmentation = np.zeros((3, 20, 30), np.uint8)
    segmentation[:, 5:9, 5:9] = 1
    truth = segmentation.copy()
    truth[1, 12:] = 255
    write_report(tmp_path / "r.html", segmentation, truth=truth)
    page = visit(tmp_path / "r.html", **DESKTOP)
    for view, ignores in (("errors", True), ("truth", True), ("segmentation", False)):
        page.check(f"[name=view][value={view}]")
        assert ("ignored" in page.locator("#legend").inner_text()) == ignores


def test_contrast_and_what_lies_under_the_pointer(page):
    page.check("[name=view][value=grey]")
    before = pixels(page).mean()
    page.locator("#high").fill("255")
    page.locator("#low").fill("160")
    assert pixels(page).mean() < before - 20
    page.click("#contrast")
    assert abs(pixels(page).mean() - before) < 2
    box = page.locator("#field").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 72.5 / 128, box["y"] + box["height"] * 40.5 / 96)
    text = page.locator("#under").inner_text()
    assert "y 40, x 72" in text
    assert "truth: matrix" in text
    assert "segmentation: pore" in text
    assert "false positive" in text


def test_zoom_and_moving(page):
    page.click("#zoom-in")
    reaches(page, "zoom", "1.50")
    whole = pixels(page)
    box = page.locator("#field").bounding_box()
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(*middle)
    page.mouse.down()
    page.mouse.move(middle[0] - 60, middle[1] - 30, steps=3)
    page.mouse.up()
    moved = pixels(page)
    near = np.abs(moved[40:300, 100:400] - whole[70:330, 160:460]).mean()
    assert near < 0.25 * np.abs(moved - whole).mean()
    page.keyboard.down("Control")
    page.mouse.wheel(0, -50)
    page.keyboard.up("Control")
    assert float(told(page, "zoom")) > 2
    page.click("#zoom-fit")
    reaches(page, "zoom", "1.00")


def test_the_table_sorts_filters_and_turns_its_pages(page):
    assert page.locator("#page-name").inner_text() == "1–20 of 48"
    page.click("#page-last")
    assert page.locator("#page-name").inner_text() == "41–48 of 48"
    page.click("#object-table thead button:has-text('Voxels')")
    sizes = [int(cell) for cell in column(page, 3)]
    assert sizes == sorted(sizes, reverse=True)
    heading = page.locator("#object-table thead th:has-text('Voxels')")
    assert heading.get_attribute("aria-sort") == "descending"
    page.click("#object-table thead button:has-text('Voxels')")
    sizes = [int(cell) for cell in column(page, 3)]
    assert sizes == sorted(sizes)
    page.select_option("#filter-class", label="pore")
    assert set(column(page, 2)) == {"pore"}
    page.fill("#filter-low", "1.0")
    page.fill("#filter-high", "1.5")
    assert all(1.0 <= float(cell) <= 1.5 for cell in column(page, 4))
    page.fill("#filter-text", "nothing of the kind")
    assert page.locator("#object-none").is_visible()
    page.click("#filters button[type=reset]")
    expect(page.locator("#page-name")).to_have_text(re.compile("of 48$"))
    page.fill("#filter-text", "slag")
    assert page.locator("#page-name").inner_text() == "1–20 of 24 (all: 48)"


def test_an_object_is_shown_and_found_again(page):
    page.locator("#slice").fill("0")
    reaches(page, "z", 0)
    page.click("#object-table thead button:has-text('Voxels')")
    label = column(page, 1)[0]
    page.click("#object-table tbody tr:first-child button")
    expect(page.locator("#field")).to_have_attribute("data-z", re.compile("^[56]$"))
    image = pixels(page)
    yellow = (image[..., 0] > 220) & (image[..., 1] > 190) & (image[..., 2] < 130)
    assert yellow.sum() > 80
    assert page.locator("tr.chosen").count() == 1
    page.click("#zoom-fit")
    page.fill("#filter-text", "pore")
    box = page.locator("#field").bounding_box()
    page.mouse.click(box["x"] + box["width"] * 24.5 / 128, box["y"] + box["height"] * 8.5 / 96)
    assert page.locator("tr.chosen > :nth-child(2)").inner_text() == "inclusion & <i>slag</i>"
    assert page.locator("tr.chosen > :first-child").inner_text() != label


def test_rows_are_saved(page):
    page.fill("#filter-text", "pore")
    with page.expect_download() as download:
        page.click("#save")
    with open(download.value.path(), encoding="utf-8") as file:
        rows = [*csv.DictReader(file)]
    assert len(rows) == 24
    assert {row["class"] for row in rows} == {"pore"}


def test_a_phone(visit, report, tmp_path):
    page = visit(report, **PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert page.locator("#field").bounding_box()["width"] > 350
    page.tap("label:has-text('Segmentation')")
    reaches(page, "view", "segmentation")
    page.tap("#object-table tbody tr:nth-child(2) button")
    expect(page.locator("tr.chosen")).to_have_count(1)
    box = page.locator("#field").bounding_box()
    assert 0 <= box["y"] < 844 - box["height"]  # it scrolled there
    page.tap("#zoom-fit")
    page.locator("#field").scroll_into_view_if_needed()
    box = page.locator("#field").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    session = page.context.new_cdp_session(page)

    def touch(kind, *gaps):
        points = [{"x": x + gap, "y": y, "id": i} for i, gap in enumerate(gaps)]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", -30, 30)
    for gap in (40, 60, 90):
        touch("touchMove", -gap, gap)
    touch("touchEnd")
    assert float(told(page, "zoom")) == pytest.approx(3, rel=0.1)
    session.detach()
    page.screenshot(path=tmp_path / "phone.png", full_page=True)


def test_dark_and_light_differ_and_can_be_read(visit, report, tmp_path):
    grounds = []
    for scheme in ("light", "dark"):
        page = visit(report, **DESKTOP, color_scheme=scheme)
        colours = page.evaluate(
            "['backgroundColor', 'color'].map((name) => getComputedStyle(document.body)[name]"
            ".match(/\\d+/g).map(Number))"
        )
        ground, text = (luminance(colour) for colour in colours)
        assert (max(ground, text) + 0.05) / (min(ground, text) + 0.05) > 7
        grounds.append(ground)
        page.screenshot(path=tmp_path / f"{scheme}.png", full_page=True)
    assert grounds[0] > 0.9 > 0.1 > grounds[1]


def luminance(colour):
    """Relative luminance after WCAG 2."""
    linear = [(c / 255 / 12.92) if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour]
    return np.dot(linear, (0.2126, 0.7152, 0.0722))


def test_print_has_the_slice_and_no_controls(page):
    page.emulate_media(media="print")
    assert page.locator("#field").is_visible()
    assert page.locator("#object-table").is_visible()
    for hidden in ("nav", ".bar", "#slice", ".settings", "#filters", "#save"):
        assert not page.locator(hidden).first.is_visible()
    content = page.pdf()
    assert content.startswith(b"%PDF")
    assert len(content) > 20_000
