"""State_dicts of PyTorch in files that hold plain arrays: ``.npz`` and ``.safetensors``."""

import math
import zipfile
from pathlib import Path

import numpy as np

NPZ = "NumPy .npz"
SAFETENSORS = "safetensors"
DENSEST = 20  # arrays over file: no weights can be compressed so far
SPARE = 2**16  # bytes that arrays may have beside that
COUNTER = "num_batches_tracked"  # of batch normalisation, which nothing needs afterwards


def sniff(path: Path):
    """Tell which of the formats a file is in.

    Parameters
    ----------
    path : Path
        The file, of any name.

    Returns
    -------
    str or None
        `NPZ`, `SAFETENSORS`, or None for neither.

    Raises
    ------
    ValueError
        If it is a pickle of PyTorch in its archive, which could run code.
    """
    with path.open("rb") as raw:
        start = raw.read(9)
    if start.startswith(b"PK"):
        try:
            names = _zip_names(path)
        except ValueError:
            if path.suffix == ".npz":
                raise
            return None
        if any(name.endswith("data.pkl") for name in names):
            raise ValueError(
                f"{path} is a pickle of PyTorch, which may hold code and is not read; save its "
                "arrays with safetensors.torch.save_model(model, 'NAME.safetensors')"
            )
        return NPZ if any(name.endswith(".npy") for name in names) else None
    header = int.from_bytes(start[:8], "little")
    inside = start[8:] == b"{" and header <= path.stat().st_size - 8
    return SAFETENSORS if start and (inside or path.suffix == ".safetensors") else None


def read_state(path: Path, anchor: str):
    """Read the arrays of a state_dict.

    Parameters
    ----------
    path : Path
        A file that `sniff` knows.
    anchor : str
        Start of a name that the state_dict must have; what stands before it, such as
        "module.", is cut from all names, and arrays without that are left out.

    Returns
    -------
    dict of str to ndarray
        By name; the counters of batch normalisation are left out.

    Raises
    ------
    ValueError
        If the file is damaged, declares more than it holds, or holds no such name or
        anything but finite numbers.
    """
    reader = _NpzReader if sniff(path) == NPZ else _SafetensorsReader
    with reader(path) as file:
        prefix = next((name.split(anchor)[0] for name in file.names if anchor in name), None)
        if prefix is None:
            raise ValueError(
                f"{path} holds no array named {anchor}...; give the state_dict of a network of "
                "fepegar/unet"
            )
        wanted = [
            name for name in file.names if name.startswith(prefix) and not name.endswith(COUNTER)
        ]
        state = {name.removeprefix(prefix): file.read(name) for name in wanted}
    for name, array in state.items():
        if array.dtype.kind != "f" or not np.isfinite(array).all():
            raise ValueError(f"{path}: {name} holds {array.dtype} values that are not all finite")
    return state


class _NpzReader:
    """Arrays of an ``.npz`` file, each read only if it is as large as it says."""

    def __init__(self, path):
        self.path = path

    def __enter__(self):
        self._file = zipfile.ZipFile(self.path)
        infos = {info.filename: info for info in self._file.infolist()}
        if len(infos) < len(self._file.infolist()):
            raise ValueError(f"{self.path} holds an array twice; save it again")
        size = self.path.stat().st_size
        if sum(info.file_size for info in infos.values()) > DENSEST * size + SPARE:
            raise ValueError(
                f"{self.path}: arrays declare far more than the {size} bytes of the file; "
                "copy it again"
            )
        self._infos = {name.removesuffix(".npy"): info for name, info in infos.items()}
        self.names = list(self._infos)
        return self

    def __exit__(self, *error):
        self._file.close()

    def read(self, name):
        """Read an array."""
        try:
            with self._file.open(self._infos[name]) as member:
                return self._read(member, self._infos[name].file_size, name)
        except (zipfile.BadZipFile, OSError, EOFError, RuntimeError, NotImplementedError) as error:
            raise ValueError(f"{self.path}: damaged ({name}: {error}); copy it again") from None

    def _read(self, member, size, name):
        where = f"{self.path}: {name}"
        try:
            version = np.lib.format.read_magic(member)
            read = {(1, 0): "read_array_header_1_0", (2, 0): "read_array_header_2_0"}[version]
            shape, by_column, dtype = getattr(np.lib.format, read)(member)
        except (ValueError, KeyError, TypeError) as error:
            text = str(error).splitlines()[0][:80]
            raise ValueError(f"{where} is no plain array ({text}); save it again") from None
        if dtype.hasobject or dtype.kind not in "fiu":
            raise ValueError(f"{where} holds {dtype}, not plain numbers")
        if min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize != size - member.tell():
            raise ValueError(f"{where} declares {shape}, which is not what the file holds")
        values = np.frombuffer(member.read(), dtype)
        return values.reshape(shape, order="F" if by_column else "C")


class _SafetensorsReader:
    """Arrays of a ``.safetensors`` file, whose library checks every declared size."""

    def __init__(self, path):
        self.path = path

    def __enter__(self):
        from safetensors import SafetensorError, safe_open

        self._errors = (SafetensorError, OSError, TypeError, ValueError, AttributeError)
        try:
            self._file = safe_open(str(self.path), framework="numpy").__enter__()
        except self._errors as error:
            raise ValueError(self._damaged(error)) from None
        self.names = list(self._file.keys())
        return self

    def __exit__(self, *error):
        self._file.__exit__(*error)

    def read(self, name):
        """Read an array."""
        try:
            return self._file.get_tensor(name)
        except self._errors as error:
            raise ValueError(
                f"{self.path}: {name} cannot be read ({_first(error)}); save it as float32"
            ) from None

    def _damaged(self, error):
        return f"{self.path}: damaged safetensors file ({_first(error)}); copy it again"


def _first(error):
    """First line of an error, not too long."""
    return (str(error).splitlines() or [type(error).__name__])[0][:100]


def _zip_names(path):
    try:
        with zipfile.ZipFile(path) as file:
            return file.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise ValueError(f"{path}: damaged archive ({error}); copy it again") from None
