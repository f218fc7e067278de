"""``tomoseg-tf export``; what it writes is tested with the library."""

import json

COMMAND = ("export",)


def test_a_folder_is_a_saved_model_that_is_checked(run, template, tmp_path):
    code, out, err = run(template / "fitted", tmp_path / "served", "--json")
    assert (code, err) == (0, "")
    summary = json.loads(out)
    assert summary["format"] == "savedmodel"
    assert summary["difference"] < summary["tolerance"] == 1e-4
    assert (tmp_path / "served" / "saved_model.pb").exists()
    code, _, err = run(template / "fitted", tmp_path / "served")
    assert code == 1
    assert "served already exists" in err


def test_an_unknown_suffix_is_one_line(run, template, tmp_path):
    code, _, err = run(template / "fitted", tmp_path / "net.tflite")
    assert code == 1
    assert "no format has the suffix .tflite; name a .onnx or .xml file" in err
