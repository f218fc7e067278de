"""Whether records went through the filters of a recipe, and of the weights it starts from."""

from tomoseg_tf.weights import open_weights


def check_filters(recipe, records):
    """Check that the scans of records went through the filters of a recipe.

    Parameters
    ----------
    recipe : Recipe
        Its `filters` are None if any will do.
    records : Records
        The opened records.

    Raises
    ------
    ValueError
        If they went through others; with the options that write the right records.
    """
    wanted, there = recipe.filters, list(records.manifest.filters)
    if wanted is None or wanted == there:
        return
    options = " ".join(f"--filter {text}" for text in wanted)
    remedy = options if wanted else "without --filter"
    raise ValueError(
        f"{records.folder}: the recipe states the filters {', '.join(wanted) or 'none'}, but the "
        f"records were written with {', '.join(there) or 'none'}; write them again: tomoseg-tf "
        f"records {remedy}"
    )


def filters_notice(recipe, records):
    """Say that fitted weights saw scans through other filters than those of the records.

    Parameters
    ----------
    recipe : Recipe
        Its ``model.weights`` is what training starts from, None for nothing.
    records : Records
        The opened records.

    Returns
    -------
    str or None
    """
    weights = recipe.model.weights
    if weights is None:
        return None
    before, now = list(open_weights(weights).config.filters), list(records.manifest.filters)
    if before == now:
        return None
    options = " ".join(f"--filter {text}" for text in before)
    return (
        f"{weights} saw scans through the filters {', '.join(before) or 'none'}, those of "
        f"{records.folder} went through {', '.join(now) or 'none'}: to the network they are "
        "another kind of scan "
        f"(write the records {options or 'without --filter'} to keep what it knows)"
    )
