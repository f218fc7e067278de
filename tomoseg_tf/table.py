"""Rows of cells as aligned text."""


def aligned(rows, *, left=(0,), rule=0):
    """Align rows of cells in columns.

    Parameters
    ----------
    rows : sequence of sequence of str
        Cells, equally many in each row.
    left : sequence of int
        Indices of the columns that begin at the left, as words do; the others
        end at the right, as numbers do.
    rule : int
        Number of rows above a ruled line; 0 for none.

    Returns
    -------
    str
        One line per row, two spaces between the columns, without a final line break.
    """
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(
            cell.ljust(width) if index in left else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    if rule:
        lines.insert(rule, "-" * (sum(widths) + 2 * (len(widths) - 1)))
    return "\n".join(lines)
