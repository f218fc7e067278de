"""The texts in a Keras HDF5 file, read where a trap in the file does no harm.

Texts of any length lie elsewhere in the file than what names them. A wrong pointer to one can make
HDF5 run for ever or claim memory without end, so that a process of its own reads them, with limits.
"""

import json
import subprocess
import sys
from pathlib import Path

TIME_LIMIT = 120  # seconds
MEMORY_LIMIT = 2**32  # bytes
LARGEST = 2**24  # bytes of all texts together
NAMES = r"(layer_names|weight_names)[0-9]*|keras_version"
PROGRAM = """
import json, re, resource, sys

resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[4]),) * 2)
import h5py

def text(value):
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)

found, size = {}, 0
def visit(item):
    global size
    for name in item.attrs:
        if not re.fullmatch(sys.argv[2], name):
            continue
        value = item.attrs[name]
        single = isinstance(value, (bytes, str))
        texts = [text(each) for each in ([value] if single else value)]
        size += sum(map(len, texts))
        if size > int(sys.argv[3]):
            sys.exit("too large")
        found.setdefault(item.name, {})[name] = texts

with h5py.File(sys.argv[1], "r") as file:
    visit(file)
    file.visititems(lambda name, item: visit(item))
print(json.dumps(found))
"""


def read_names(path: Path):
    """Read the names of layers and weights and the version of Keras.

    Parameters
    ----------
    path : Path
        The file, found harmless by `open_arrays`.

    Returns
    -------
    dict of str to dict of str to list of str
        By the path of a group, then the name of an attribute.

    Raises
    ------
    ValueError
        If they cannot be read, or not within the limits of time and memory.
    """
    arguments = [str(path.resolve()), NAMES, str(LARGEST), str(MEMORY_LIMIT)]
    try:
        ended = subprocess.run(
            [sys.executable, "-P", "-c", PROGRAM, *arguments],
            capture_output=True,
            timeout=TIME_LIMIT,
        )
        return json.loads(ended.stdout)
    except (subprocess.TimeoutExpired, ValueError):
        raise ValueError(
            f"{path}: damaged HDF5 file (its names cannot be read); copy it again"
        ) from None
