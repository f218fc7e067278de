"""Recipes as YAML files: found, read with changes from the command line, written."""

import copy
import difflib
import re
import typing
from pathlib import Path

import pydantic
import yaml

from tomoseg_tf.bundle import bundled
from tomoseg_tf.training.recipe import Recipe, unknown_key

LONGEST = 80  # characters of a value that an error repeats


class _Loader(yaml.SafeLoader):
    """As in YAML 1.2: ``5e-3`` is a number, not text, and no key may be there twice."""

    def compose_mapping_node(self, anchor):
        """Compose a mapping, unless it says something twice."""
        node = super().compose_mapping_node(anchor)
        known = set()
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue
            if key.value in known:
                lone = node.flow_style and value.value == ""
                what_to_do = "write a list in brackets, as in [8,16,16]" if lone else "keep one"
                problem = f"{key.value} is there twice; {what_to_do}"
                raise yaml.composer.ComposerError(None, None, problem, key.start_mark)
            known.add(key.value)
        return node


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)[eE][-+]?[0-9]+$"),
    list("-+.0123456789"),
)


def find_recipe(recipe):
    """Find a recipe: an existing file first, then one of those shipped.

    Parameters
    ----------
    recipe : str or Path
        Path of a YAML file, or the name of a shipped recipe.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ValueError
        If there is neither such a file nor such a name; names what is like it.
    """
    path = Path(recipe)
    if path.is_file():
        return path
    shipped = shipped_recipes()
    if str(recipe) in shipped:
        return shipped[str(recipe)]
    near = difflib.get_close_matches(str(recipe).removesuffix(".yaml"), shipped, n=3)
    hint = f"did you mean {' or '.join(near)}" if near else "tomoseg-tf train --list names them"
    raise ValueError(f"no recipe {recipe}: no such file, and not a shipped one; {hint}")


def shipped_recipes():
    """List the shipped recipes.

    Returns
    -------
    dict of str to Path
        Their files by name, sorted; those of a study as ``study/name``, after the others.
    """
    folder = bundled("recipes")
    names = {
        path.relative_to(folder).with_suffix("").as_posix(): path for path in folder.rglob("*.yaml")
    }
    return dict(sorted(names.items(), key=lambda item: ("/" in item[0], item[0])))


def read_recipe(recipe, changes=()):
    """Read and validate a recipe.

    Parameters
    ----------
    recipe : str or Path
        Path of a YAML file, or the name of a shipped recipe.
    changes : iterable of str
        Settings that replace those of the file, as ``section.key=value`` with
        the value in YAML: ``schedule.epochs=5``.

    Returns
    -------
    Recipe
        All settings, defaults filled in.

    Raises
    ------
    ValueError
        If the file is missing or no YAML, or a key or value is wrong: one line
        that names the key, the value and what would be right.
    """
    path = find_recipe(recipe)
    settings = _parse(path.read_bytes(), path)
    if not isinstance(settings, dict):
        raise ValueError(f"{path}: a recipe is a mapping of sections, such as 'model:'")
    for change in changes:
        _apply(settings, change)
    return check_recipe(settings, name=str(path))


def check_recipe(settings, *, name="recipe"):
    """Validate the settings of a recipe.

    Parameters
    ----------
    settings : dict
        Sections and settings.
    name : str
        What errors call the recipe.

    Returns
    -------
    Recipe
        All settings, defaults filled in.

    Raises
    ------
    ValueError
        If a key or value is wrong, in one line.
    """
    try:
        recipe = Recipe.model_validate(settings)
    except pydantic.ValidationError as error:
        raise ValueError(f"{name}: {_explain(error)}") from None
    if recipe.search is not None:
        for key, values in recipe.search.space.items():
            for value in values.probes:
                changed_recipe(recipe, {key: value}, name=f"{name}: search.space.{key}")
    return recipe


def changed_recipe(recipe, values, *, name="recipe"):
    """Replace settings of a recipe by their dotted keys; its search is left out.

    Parameters
    ----------
    recipe : Recipe
        The settings before.
    values : dict
        New values by key, such as ``{"optimiser.learning_rate": 0.01}``.
    name : str
        What errors call the recipe.

    Returns
    -------
    Recipe
        The settings with these changes, validated.

    Raises
    ------
    ValueError
        If a key or value is wrong, in one line.
    """
    settings = copy.deepcopy(recipe.to_dict())
    for key, value in values.items():
        _set(settings, key, value, name=name)
    return check_recipe(settings, name=name)


def format_recipe(recipe):
    """Write a recipe as YAML text, every setting stated.

    Parameters
    ----------
    recipe : Recipe
        The settings.

    Returns
    -------
    str
        YAML that `read_recipe` reads back to an equal recipe.
    """
    settings = recipe.to_dict()
    if recipe.search is not None:
        settings["search"] = recipe.search.to_dict()
    return yaml.safe_dump(settings, sort_keys=False, allow_unicode=True)


def _parse(text, name):
    try:
        return yaml.load(text, Loader=_Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = "" if mark is None else f" at line {mark.line + 1}"
        problem = getattr(error, "problem", None) or "not text"
        raise ValueError(f"{name}: not valid YAML{place}: {problem}") from None


def _apply(settings, change):
    """Set one ``section.key=value`` in nested dictionaries."""
    path, equals, value = change.partition("=")
    if not equals or not path:
        raise ValueError(f"change {change!r} must be section.key=value, as in schedule.epochs=5")
    name = f"change {change!r}"
    _set(settings, path.strip(), _parse(value, name), name=name)


def _set(settings, path, value, *, name):
    """Set a value in nested dictionaries by its dotted key."""
    *sections, key = path.split(".")
    for section in sections:
        if settings.get(section) is None:
            settings[section] = {}
        settings = settings[section]
        if not isinstance(settings, dict):
            raise ValueError(f"{name}: {section!r} is a value, not a section")
    settings[key] = value


def _explain(error):
    """Turn what pydantic found into one line: an unknown key if any, else the first problem."""
    problems = error.errors()
    unknown = (problem for problem in problems if problem["type"] == "extra_forbidden")
    problem = next(unknown, problems[0])
    *sections, key = (part for part in problem["loc"] if not str(part).startswith("function-"))
    where = ".".join(str(part) for part in (*sections, key))
    rest = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    if problem["type"] == "extra_forbidden":
        place = f" in {'.'.join(map(str, sections))}" if sections else ""
        return unknown_key(key, _keys(sections)) + place + rest
    if problem["type"] == "missing":
        return f"{where} is missing{rest}"
    if problem["type"] == "model_type":
        message = f"must be a mapping of {', '.join(_keys((*sections, key)))}"
    else:
        message = problem["msg"].removeprefix("Value error, ").replace("Input should", "should")
    value = repr(problem["input"])
    is_value = f" is {value}" if len(value) <= LONGEST else ""
    return f"{where}{is_value}: {message}{rest}"


def _keys(sections):
    """List the keys that a section of a recipe may have."""
    model = Recipe
    for name in sections:
        annotation = model.model_fields[name].annotation
        choices = (annotation, *typing.get_args(annotation))
        model = next(c for c in choices if hasattr(c, "model_fields"))
    return list(model.model_fields)
