"""The settings that a recipe has already: the first trial of a search, to be improved on."""

from tomoseg_tf.training.recipe_file import changed_recipe
from tomoseg_tf.training.search_space import Choices


def own_settings(recipe):
    """Find what a recipe itself has for the settings that its search may change.

    Parameters
    ----------
    recipe : Recipe
        All settings, with a search.

    Returns
    -------
    dict
        Values by dotted key, of the settings whose value lies in the search space.
    """
    unchanged, plain = changed_recipe(recipe, {}), recipe.to_dict()
    found = {}
    for key, values in recipe.search.space.items():
        if isinstance(values, Choices):
            for value in values.values:
                if changed_recipe(recipe, {key: value}) == unchanged:
                    found[key] = value
        elif values.holds(_at(plain, key)):
            found[key] = _at(plain, key)
    return found


def _at(plain, key):
    """Read a setting by its dotted key; None where a section of it is missing."""
    for part in key.split("."):
        plain = plain.get(part) if isinstance(plain, dict) else None
    return plain
