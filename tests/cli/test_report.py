import numpy as np
import tifffile

COMMAND = ("report",)


def test_a_report_of_files(run, tmp_path):
    classes = np.zeros((6, 24, 24), np.uint8)
    classes[2:5, 4:9, 4:9] = 1
    files = {"segmentation": classes, "truth": classes, "volume": 200 - 90 * classes}
    for name, array in files.items():
        tifffile.imwrite(tmp_path / f"{name}.tif", array, photometric="minisblack")
    options = [part for name in files for part in (f"--{name}", tmp_path / f"{name}.tif")]
    page = tmp_path / "r.html"
    code, out, err = run(page, *options, "--names", "steel, pore", "--title", "Mine")
    assert code == 0, err
    assert out.startswith(f"{page}: ")
    assert "small loss" in err
    text = page.read_text(encoding="utf-8")
    assert "<h1>Mine</h1>" in text
    assert "tomoseg-tf report" in text
    assert "--names" in text
    code, out, err = run(page, *options)
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert "already exists" in err
    code, _, err = run(tmp_path / "s.html")
    assert code == 1
    assert "nothing to report" in err
