"""What ``tomoseg-tf evaluate`` writes beside its scores."""

from tomoseg_tf.cli import options


def check_outputs(figures, table, overwrite, inputs):
    """Refuse outputs that cannot be written, or that would replace an input or each other.

    Parameters
    ----------
    figures : sequence of Path or None
        Figures to be drawn; the first has its data beside it.
    table : Path or None
        Table of objects to be written.
    overwrite : bool
        Whether existing ones may be replaced.
    inputs : sequence of Path
        Volumes that are read.

    Raises
    ------
    ValueError
        If one cannot be written.
    """
    if table is not None:
        from tomoseg_tf.objects import check_table

        check_table(table, overwrite)
        if table.resolve() in [path.resolve() for path in inputs]:
            raise ValueError(f"{table} is an input; choose another name for the table")
    if not any(figures):
        return
    from tomoseg_tf.plots import check_figure, data_path

    taken = [path.resolve() for path in (*inputs, *([table] if table is not None else []))]
    for number, figure in enumerate(figures):
        if figure is None:
            continue
        with_data = number == 0
        check_figure(figure, overwrite, data=with_data)
        for output in (figure, data_path(figure)) if with_data else (figure,):
            _check_new(output, taken, len(inputs))
            taken.append(output.resolve())


def _check_new(output, taken, inputs):
    """Refuse a file that is an input, or another output."""
    if output.resolve() in taken[:inputs]:
        raise ValueError(f"{output} is an input; choose another name for the figure")
    if output.resolve() in taken:
        raise ValueError(f"{output} is named for two outputs; choose another name for one")


def write_objects(pair, table, overwrite, **settings):
    """Match the objects, with a bar, and write their table.

    Parameters
    ----------
    pair : pair of Volume
        Truth and segmentation.
    table : Path
        Where the table goes.
    overwrite : bool
        Whether an existing one may be replaced.
    **settings
        Those of `tomoseg_tf.evaluation.detect_objects`.

    Returns
    -------
    dict
        As `tomoseg_tf.evaluation.summarise_detection` gives it.
    """
    from tomoseg_tf.evaluation import detect_objects, detection_columns, summarise_detection
    from tomoseg_tf.objects import write_table

    with options.progress("Matching objects") as progress:
        detection = detect_objects(*pair, progress=progress, **settings)
    write_table(detection_columns(detection), table, overwrite=overwrite)
    return summarise_detection(detection)
