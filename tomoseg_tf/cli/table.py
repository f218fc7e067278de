"""Rows of cells as aligned text."""


def columns(rows, *, right=()):
    """Align rows of cells in columns.

    Parameters
    ----------
    rows : sequence of sequence of str
        Cells, equally many in each row.
    right : sequence of int
        Indices of the columns to be aligned on the right, such as numbers.

    Returns
    -------
    str
        One line per row, two spaces between the columns, without a final line break.
    """
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [
            cell.rjust(width) if index in right else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)
