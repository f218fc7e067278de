import pytest

from tomoseg_tf.studies.compare.entries import Entry, parse_entries


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A working folder with a recipe, weights beside it, a run, and a volume."""
    monkeypatch.chdir(tmp_path)
    for folder in ("fitted", "run/best_loss", "run/final"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "config.json").write_text("{}")
    (tmp_path / "run" / "recipe.yaml").write_text("")
    (tmp_path / "mine.yaml").write_text("")
    (tmp_path / "recipe.yaml").write_text("")
    (tmp_path / "a,b.tif").write_text("")
    (tmp_path / "scan.tif").write_text("")


@pytest.mark.parametrize(
    ("text", "label", "kind"),
    [
        ("unet_2d", "unet_2d", "network"),
        ("thin=unet_2d", "thin", "network"),
        ("random_forest", "random_forest", "classical"),
        ("gaudez2022", "gaudez2022", "recipe"),
        ("jom2021/pspnet", "pspnet", "recipe"),
        ("mine.yaml", "mine", "recipe"),
        ("fitted", "fitted", "weights"),
        ("run/best_loss", "run", "weights"),
        ("run/final", "run", "weights"),
        ("unet_3d_micropillar", "unet_3d_micropillar", "weights"),
        ("theirs=scan.tif", "theirs", "segmentation"),
        ("scan.tif", "scan", "segmentation"),
        ("both=a,b.tif", "both", "segmentation"),
    ],
)
def test_what_is_named_is_recognised(place, text, label, kind):
    (entry,) = parse_entries([text])
    assert (entry.label, entry.kind) == (label, kind)
    assert Entry.from_dict(entry.to_dict()) == entry


def test_a_file_may_come_last_among_others(place):
    found = parse_entries(["unet_2d,otsu,theirs=scan.tif"])
    assert [entry.label for entry in found] == ["unet_2d", "otsu", "theirs"]


def test_files_of_one_label_are_kept_in_order(place, tmp_path):
    (tmp_path / "second.tif").write_text("")
    (entry,) = parse_entries(["mine=scan.tif,mine=second.tif"])
    assert entry.what == ("scan.tif", "second.tif")


def test_ensembles_come_last_and_name_their_members():
    *_, both = parse_entries(["unet_2d"], ensembles=["both = unet_2d, before"])
    assert (both.label, both.kind, both.what) == ("both", "ensemble", ("unet_2d", "before"))
    assert not both.trained


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("both", "must be a label and those of two or more entries"),
        ("both=unet_2d", "must be a label and those of two or more entries"),
        ("unet_2d,pspnet", "must be a label and those of two or more entries"),
        ("both=unet_2d,,pspnet", "must be a label and those of two or more entries"),
        ("both=unet_2d,unet_2d", "an entry is there twice"),
        ("pspnet=unet_2d,pspnet", "the label pspnet is there twice"),
        ("both=unet_2d,otsu", "otsu is no network; leave it out"),
    ],
)
def test_what_is_no_ensemble_is_said(text, message):
    with pytest.raises(ValueError, match=message):
        parse_entries(["unet_2d,pspnet,otsu"], ensembles=[text])


def test_arguments_belong_to_their_label():
    plain, thin = parse_entries(["unet_3d,thin=unet_3d"], {"thin": {"levels": 2}})
    assert (plain.arguments, thin.arguments) == ({}, {"levels": 2})


@pytest.mark.parametrize(
    ("texts", "arguments", "message"),
    [
        (["unet2d"], {}, "no network, method, recipe, weights or file of that name; did you mean"),
        (["unet_2d,unet_2d"], {}, "the label unet_2d is there twice; name entries apart"),
        (["a=unet_2d,A=otsu"], {}, "twice but for its case"),
        (["a=scan.tif,a=scan.tif"], {}, "scan.tif is there twice under the label a"),
        (["my net=unet_2d"], {}, "letters, digits and any of _.+- make a label"),
        (["../x=otsu"], {}, "make a label"),
        (["run"], {}, "run is a run; name one of its weights, such as run/best_loss"),
        ([], {}, "nothing to compare"),
        ([","], {}, "nothing to compare"),
        (["unet_2d"], {"thin": {}}, "arguments of thin, but the entries are unet_2d"),
        (["otsu"], {"otsu": {}}, "arguments of otsu: it is no builder's name"),
    ],
)
def test_what_is_not_recognised_is_said(place, texts, arguments, message):
    with pytest.raises(ValueError, match=message):
        parse_entries(texts, arguments)
