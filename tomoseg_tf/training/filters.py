"""Whether records went through the filters that a recipe states."""


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
