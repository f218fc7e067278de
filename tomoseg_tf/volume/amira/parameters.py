"""The parameters in the header of an AmiraMesh file: names with values, or with more of them."""

import re

TOKEN = re.compile(r'"((?:[^"\\]|\\.)*)"|#[^\n]*|([{},\n])|([^\s{},"]+)')
BEGIN = re.compile(r"^\s*Parameters\b", re.MULTILINE)
MOST = 100_000  # entries that are read


def parse_parameters(text, name):
    """Read the parameters of a header.

    Parameters
    ----------
    text : str
        The header.
    name : str or Path
        What errors call the file.

    Returns
    -------
    list of (str, list)
        Names with their values: a list of str, or of such pairs for a group. Empty where the
        header has none.

    Raises
    ------
    ValueError
        If a group does not end, or there are too many.

    Examples
    --------
    >>> parse_parameters('Parameters { Ids { A 1, B 2 } }', "a.am")
    [('Ids', [('A', ['1']), ('B', ['2'])])]
    """
    begin = BEGIN.search(text)
    if begin is None:
        return []
    root, words = [], []
    stack = [root]
    for count, token in enumerate(TOKEN.finditer(text, begin.end())):
        if count > MOST:
            raise ValueError(f"{name}: has more than {MOST} words of parameters; it is damaged")
        mark = token[2]
        if mark is None:
            if not token[0].startswith("#"):
                words.append(token[3] if token[1] is None else token[1])
            continue
        if words:
            stack[-1].append((words[0], words[1:]))
            words = []
        if mark == "{":
            stack.append(_group_of(stack))
        elif mark == "}":
            stack.pop()
            if len(stack) == 1:
                return root
            if not stack:
                break
    raise ValueError(f"{name}: its parameters do not end; the header is damaged, save it again")


def find_value(parameters, *names):
    """Find the value of a parameter.

    Parameters
    ----------
    parameters : list of (str, list)
        As `parse_parameters` gives them.
    *names : str
        Name of the parameter, those of the groups that it is in before it.

    Returns
    -------
    list or None
        Its value; None if there is no such parameter.

    Examples
    --------
    >>> find_value([("Units", [("Coordinates", ["nm"])])], "Units", "Coordinates")
    ['nm']
    """
    for name in names:
        groups = (item for item in parameters or [] if isinstance(item, tuple))
        parameters = next((value for key, value in groups if key == name), None)
    return parameters


def _group_of(stack):
    """Begin the group whose name was read last; the first one is that of all parameters."""
    if len(stack) == 1:
        return stack[0]
    if not stack[-1] or stack[-1][-1][1]:
        stack[-1].append(("", []))  # a group without a name
    return stack[-1][-1][1]
