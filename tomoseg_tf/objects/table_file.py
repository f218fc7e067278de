"""Tables of objects as files: CSV, or Parquet by its suffix."""

from itertools import chain
from pathlib import Path

import numpy as np

from tomoseg_tf.volume import check_destination, staged_file

SUFFIXES = (".csv", ".parquet")
ROWS = 2**14  # of text in memory


def check_table(path, overwrite=False):
    """Check that a table may be written at a path, before any work is done.

    Parameters
    ----------
    path : str or Path
        File that ends in .csv or .parquet.
    overwrite : bool
        Whether an existing one may be replaced.

    Raises
    ------
    ValueError
        If it exists, has another suffix, or is Parquet, which needs the package pyarrow, without
        that.
    """
    path = Path(path)
    if path.suffix.lower() not in SUFFIXES:
        raise ValueError(f"{path}: a table of objects ends in {' or '.join(SUFFIXES)}")
    check_destination(path, overwrite)
    if path.suffix.lower() == ".parquet":
        _load_parquet(path)


def write_table(columns, path, *, overwrite=False):
    """Write columns as a table; it appears when it is complete.

    Parameters
    ----------
    columns : dict from str to (N,) ndarray
        Integers, floats, bool, or words without a comma. In CSV floats have ten digits, NaN is an
        empty cell.
    path : str or Path
        File that ends in .csv or .parquet.
    overwrite : bool
        Whether an existing one may be replaced.

    Raises
    ------
    ValueError
        As `check_table`.
    """
    check_table(path, overwrite)
    with staged_file(path, overwrite=overwrite) as partial:
        if Path(path).suffix.lower() == ".parquet":
            arrow, parquet = _load_parquet(path)
            parquet.write_table(arrow.table(columns), partial)
        else:
            _write_csv(columns, partial)


def read_table(path):
    """Read a table that `write_table` wrote.

    Parameters
    ----------
    path : str or Path
        File that ends in .csv or .parquet.

    Returns
    -------
    dict from str to (N,) ndarray
        Columns; in CSV those with whole numbers are int64, those of true and false bool, all
        others float64 with NaN for empty cells.

    Raises
    ------
    ValueError
        If it does not exist or is no such table.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"{path} does not exist; check the path")
    if path.suffix.lower() == ".parquet":
        _, parquet = _load_parquet(path)
        table = parquet.read_table(path)
        return {name: table[name].to_numpy() for name in table.column_names}
    lines = path.read_text(encoding="utf-8").splitlines()
    names = lines[0].split(",") if lines else []
    rows = [line.split(",") for line in lines[1:]]
    if "label" not in names or any(len(row) != len(names) for row in rows):
        raise ValueError(f"{path}: is no table of objects; write one with tomoseg-tf objects")
    cells = zip(*rows, strict=True) if rows else ((),) * len(names)
    return {name: _column(path, name, some) for name, some in zip(names, cells, strict=True)}


def _write_csv(columns, path):
    """Write columns as text, some rows at a time."""
    number = len(next(iter(columns.values())))
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.write(",".join(columns) + "\n")
        for start in range(0, number, ROWS):
            parts = [column[start : start + ROWS] for column in columns.values()]
            row = ",".join(map(_template, parts)) + "\n"
            cells = chain.from_iterable(zip(*map(_cells, parts), strict=True))
            text = (row * len(parts[0])) % tuple(cells)
            file.write(text.replace(",nan", ","))


def _template(column):
    """Format of the values of a column."""
    return {"f": "%.10g", "b": "%s", "U": "%s"}.get(column.dtype.kind, "%d")


def _cells(column):
    """Values of a column for its format."""
    return (np.where(column, "true", "false") if column.dtype == bool else column).tolist()


def _column(path, name, cells):
    """Values of a column of text."""
    if cells and set(cells) <= {"true", "false"}:
        return np.array([cell == "true" for cell in cells])
    try:
        return np.array([int(cell) for cell in cells], np.int64)
    except ValueError:
        pass
    try:
        return np.array([float(cell or "nan") for cell in cells])
    except ValueError as error:
        raise ValueError(f"{path}: column {name} holds {error.args[0]}; mend the table") from error


def _load_parquet(path):
    """Import pyarrow, which is no dependency of all else."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise ValueError(
            f"{path}: Parquet needs the package pyarrow; pip install 'tomoseg-tf[parquet]', or "
            "name a .csv file"
        ) from error
    return pyarrow, pyarrow.parquet
