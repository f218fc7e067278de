"""Tables as aligned text, in Markdown and as CSV."""

import csv
import io


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


def markdown_table(head, rows, left=(0,)):
    """Write a table in Markdown.

    Parameters
    ----------
    head : sequence of str
        Headings.
    rows : sequence of sequence of str
        Cells, as many in each row.
    left : sequence of int
        Columns that begin at the left; the others end at the right.

    Returns
    -------
    str
        Lines without a final line break.

    Examples
    --------
    >>> print(markdown_table(("Entry", "mIoU"), [("otsu", "0.5")]))
    | Entry | mIoU |
    |---|---:|
    | otsu | 0.5 |
    """
    rule = "".join("---|" if index in left else "---:|" for index in range(len(head)))
    lines = [f"| {' | '.join(cells)} |" for cells in (head, *rows)]
    return "\n".join([lines[0], f"|{rule}", *lines[1:]])


def csv_table(rows):
    """Write a table as CSV.

    Parameters
    ----------
    rows : sequence of dict
        Cells by heading, the same headings in each row; None is left empty.

    Returns
    -------
    str
        A line of headings and one for each row; nothing without rows.

    Examples
    --------
    >>> csv_table([{"entry": "otsu", "miou": None}]).splitlines()
    ['entry,miou', 'otsu,']
    """
    if not rows:
        return ""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
