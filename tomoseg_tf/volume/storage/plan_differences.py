"""In what two plans of an output differ: what an earlier process began, and what is asked now."""

import json

SHOWN = 3  # differences named in an error


def differences(there, here, prefix=""):
    """List the settings in which two plans differ.

    Parameters
    ----------
    there, here : dict
        Plans, of plain JSON values.
    prefix : str, optional
        Put before the name of each setting.

    Returns
    -------
    list of str
        Such as "patch is [8, 8, 8] there and [16, 8, 8] here".
    """
    found = []
    for key in dict.fromkeys((*there, *here)):
        old, new, name = there.get(key), here.get(key), f"{prefix}{key}"
        if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
            old, new = (dict(enumerate(part)) if _nested(part) else part for part in (old, new))
        if isinstance(old, dict) and isinstance(new, dict):
            found += differences(old, new, f"{name}.")
        elif old != new and name.endswith("_sha256"):
            found.append(f"{name.removesuffix('_sha256')} has other voxels")
        elif old != new:
            found.append(f"{name} is {_short(old)} there and {_short(new)} here")
    return found


def shorten(found):
    """Join differences into one line, the first few of many.

    Parameters
    ----------
    found : list of str
        As `differences` gives them.

    Returns
    -------
    str
        Without a final full stop.
    """
    more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return "; ".join(found[:SHOWN]) + more


def _nested(values):
    return any(isinstance(value, dict) for value in values)


def _short(value):
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}..."
