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
    from tomoseg_tf.volume import check_apart

    outputs = [table]
    if table is not None:
        from tomoseg_tf.objects import check_table

        check_table(table, overwrite)
    for number, figure in enumerate(figures):
        if figure is not None:
            from tomoseg_tf.plots import check_figure, data_path

            with_data = number == 0
            check_figure(figure, overwrite, data=with_data)
            outputs += [figure, data_path(figure)] if with_data else [figure]
    check_apart(outputs, inputs)


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
