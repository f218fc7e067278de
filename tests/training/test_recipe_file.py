import pytest

from tomoseg_tf.training.recipe_file import (
    check_recipe,
    find_recipe,
    format_recipe,
    read_recipe,
    shipped_recipes,
)


@pytest.fixture
def write(tmp_path):
    def write_recipe(text):
        path = tmp_path / "recipe.yaml"
        path.write_text(text)
        return path

    return write_recipe


def test_published_recipe_states_the_published_settings():
    """Gaudez et al. (2022), sections 3.1 and 3.3, and their code for what the paper leaves out."""
    recipe = read_recipe("gaudez2022")
    assert recipe.model.name == "unet_3d"
    assert recipe.model.arguments == {"levels": 4, "base_features": 8}
    assert recipe.loss.name == "binary_crossentropy"
    assert recipe.loss.class_weights is None
    assert recipe.optimiser.learning_rate == 5e-3
    assert recipe.batches.batch_size == 2
    assert recipe.batches.crop is None
    assert recipe.schedule.epochs == 240
    assert recipe.schedule.learning_rate == "constant"
    assert recipe.normalisation.to_dict()["method"] == "zscore"
    assert recipe.normalisation.training == "patch"
    assert recipe.normalisation.prediction == "volume"


def test_own_recipe_watches_dice_and_normalises_by_the_volume():
    recipe = read_recipe("micropillar")
    assert recipe.monitor == "dice"
    assert recipe.normalisation.training == recipe.normalisation.prediction == "volume"


@pytest.mark.parametrize("name", shipped_recipes())
def test_shipped_recipes_state_every_section(name):
    import yaml

    stated = yaml.safe_load(find_recipe(name).read_text(encoding="utf-8"))
    recipe = read_recipe(name)
    assert set(stated) == set(recipe.to_dict())
    assert recipe.description


def test_a_written_recipe_reads_back_equal(write):
    recipe = read_recipe("gaudez2022", ["seed=7", "schedule.early_stopping={patience: 3}"])
    assert read_recipe(write(format_recipe(recipe))) == recipe


def test_an_existing_file_comes_before_a_shipped_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "micropillar").write_text("seed: 123\n")
    assert read_recipe("micropillar").seed == 123


def test_exponents_without_a_point_are_numbers(write):
    assert read_recipe(write("optimiser: {learning_rate: 5e-3}")).optimiser.learning_rate == 0.005


def test_changes_replace_settings_and_make_sections(write):
    path = write("schedule: {epochs: 3}\naugmentation: null\n")
    changes = ["schedule.epochs=8", "batches.crop=[8, 8, 16]", "loss.class_weights=[1, 2e1]"]
    recipe = read_recipe(path, changes)
    assert recipe.schedule.epochs == 8
    assert recipe.batches.crop == [8, 8, 16]
    assert recipe.loss.class_weights == [1, 20]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("optimizer: {}", "unknown key 'optimizer'; did you mean 'optimiser'"),
        (
            "optimiser: {learning_rat: 1}",
            "'learning_rat'; did you mean 'learning_rate'. in optimiser",
        ),
        ("schedule: {early_stopping: {patienc: 1}}", "'patience'. in schedule.early_stopping"),
        ("schedule: {epochs: 0}", "schedule.epochs is 0: should be greater than or equal to 1"),
        ("schedule: {epochs: many}", "schedule.epochs is 'many': should be a valid integer"),
        (
            "schedule: {learning_rate: 1e-3}",
            "schedule.learning_rate is 0.001: should be 'constant' or 'cosine'; the rate itself is "
            "optimiser.learning_rate",
        ),
        (
            "optimiser: {learning_rate: -1}",
            "optimiser.learning_rate is -1: should be greater than 0",
        ),
        ("optimiser: {name: sgd}", "optimiser.name is 'sgd': should be 'adam'"),
        ("loss: {name: dice}", "loss.name is 'dice': should be 'binary_crossentropy'"),
        ("loss: {class_weights: [1, x]}", "loss.class_weights.1 is 'x'"),
        ("batches: {crop: [8, 8]}", "batches.crop is .8, 8.: .*at least 3"),
        ("batches: {foreground: 1.5}", "batches.foreground is 1.5"),
        ("model: {name: unet3d}", "model.name is 'unet3d': no such network; use one of .*unet_3d"),
        ("model: {arguments: {num_classes: 2}}", "leave num_classes out"),
        ("normalisation: {metod: zscore}", "unknown key 'metod'; did you mean 'method'"),
        ("normalisation: {method: best}", "must be one of zscore"),
        ("normalisation: zscore", "normalisation is 'zscore': must be a mapping"),
        ("augmentation: {flip: true}", "unknown key 'flip'; did you mean 'flips'"),
        ("model: unet_3d", "model is 'unet_3d': must be a mapping of name, arguments"),
        ("schedule: 3", "schedule is 3: must be a mapping of epochs"),
        ("monitor: iou", "monitor is 'iou': should be 'loss', 'accuracy' or 'dice'"),
        ("seed: -1", "seed is -1"),
        ("{seed: -1, monitor: iou}", "and 1 more"),
        ("seed: [1", "not valid YAML at line 1"),
        ("loss: {}\nseed: 1\nloss: {}", "not valid YAML at line 3: loss is there twice; keep one"),
        ("batches: {crop: {8,16,16}}", r"16 is there twice; write a list in brackets, as in \[8,"),
        ("just text", "a recipe is a mapping of sections"),
        ("", "a recipe is a mapping of sections"),
    ],
)
def test_wrong_recipes_are_one_line_that_says_what_would_be_right(write, text, message):
    path = write(text)
    with pytest.raises(ValueError, match=message) as caught:
        read_recipe(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("epochs", "must be section.key=value"),
        ("=3", "must be section.key=value"),
        ("seed.value=3", "'seed' is a value, not a section"),
        ("schedule.epoch=3", "did you mean 'epochs'"),
        ("seed=[", "not valid YAML"),
    ],
)
def test_wrong_changes_are_one_line(write, change, message):
    path = write("seed: 1")
    with pytest.raises(ValueError, match=message):
        read_recipe(path, [change])


@pytest.mark.parametrize(
    ("name", "hint"), [("nothing", "train --list"), ("micropilar", "did you mean micropillar")]
)
def test_an_unknown_name_says_where_names_are(name, hint):
    with pytest.raises(ValueError, match=f"no recipe {name}.*{hint}"):
        read_recipe(name)


def test_a_binary_file_is_no_recipe(tmp_path):
    path = tmp_path / "scan.tif"
    path.write_bytes(b"II*\x00\xff\xfe\x00")
    with pytest.raises(ValueError, match="not valid YAML"):
        read_recipe(path)


def test_defaults_alone_are_a_recipe():
    assert check_recipe({}).monitor == "dice"
