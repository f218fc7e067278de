"""What a report consists of: sections of facts, tables, pictures and folded texts."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Tile:
    """A number at the top of the page.

    Attributes
    ----------
    label, value, note : str
        What it is, the number, and on what it is taken.
    """

    label: str
    value: str
    note: str = ""


@dataclass(frozen=True)
class Table:
    """A table of texts.

    Attributes
    ----------
    title : str
        Heading.
    head : sequence of str
        Headings of the columns.
    rows : sequence of sequence of str
        Cells, as many in each row.
    left : sequence of int
        Columns that begin at the left, as words do.
    note : str
        Text below.
    """

    title: str
    head: tuple
    rows: tuple
    left: tuple = (0,)
    note: str = ""


@dataclass(frozen=True)
class Picture:
    """A figure.

    Attributes
    ----------
    title : str
        Caption.
    alt : str
        What it shows, for those who do not see it.
    source : str
        ``data:`` address of the image.
    wide : bool
        Whether it takes the whole width.
    data, file : str
        ``data:`` address of what it shows, as CSV, and the name to save it by; empty for none.
    """

    title: str
    alt: str
    source: str
    wide: bool = False
    data: str = ""
    file: str = ""


@dataclass(frozen=True)
class Fold:
    """A text that opens on a click.

    Attributes
    ----------
    title : str
        What is to be clicked.
    text : str
        Plain text, shown as it is.
    markup : Markup or None
        Safe HTML that is shown in its place.
    """

    title: str
    text: str = ""
    markup: str | None = None


@dataclass(frozen=True)
class Section:
    """A section of the page; the parts stand in this order.

    Attributes
    ----------
    anchor, title : str
        Its address in the page, and its heading.
    text : str
        A paragraph.
    tables : sequence of Table
        Tables.
    pictures : sequence of Picture
        Figures.
    folds : sequence of Fold
        Texts that open on a click.
    """

    anchor: str
    title: str
    text: str = ""
    tables: tuple = ()
    pictures: tuple = ()
    folds: tuple = ()


def decimal(value, digits=4):
    """Text of a number with so many significant digits; a dash when there is none.

    Parameters
    ----------
    value : float or None
        Number.
    digits : int
        Significant digits.

    Returns
    -------
    str
        The text.
    """
    if value is None or value != value:
        return "–"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.{digits}g}"
