"""A segmentation in the background, with progress and an end on request."""

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from napari.qt.threading import GeneratorWorkerSignals, WorkerBase

from tomoseg_tf.volume import open_volume

PROGRAM = [sys.executable, "-m", "tomoseg_tf.napari.segment_process"]


@dataclass(frozen=True)
class Segmented:
    """What a segmentation of a layer gives.

    Attributes
    ----------
    classes : (n, Y, X) ndarray of uint8
        Class of each voxel.
    probabilities : dict from str to (n, Y, X) ndarray of float32
        By the name of the class; empty if not asked for.
    notices : list of str
        What the user should know.
    """

    classes: np.ndarray
    probabilities: dict = field(default_factory=dict)
    notices: list = field(default_factory=list)


class SegmentWorker(WorkerBase):
    """Waits in a thread for a process that segments; signals come to the thread of the viewer.

    ``yielded`` brings (done, total), ``returned`` a `Segmented`, or None after `quit`, ``errored``
    an error, ``finished`` comes last in any case.

    Parameters
    ----------
    scan : Scan
        What is segmented.
    probabilities : bool
        Whether these are wanted, too.
    **request
        ``weights``, ``threshold`` and ``slices`` for
        `tomoseg_tf.napari.segment_process.segment_request`.
    """

    def __init__(self, scan, *, probabilities, **request):
        super().__init__(SignalsClass=GeneratorWorkerSignals)
        self._scan, self._probabilities, self._request = scan, probabilities, request
        self._process = None

    def quit(self):
        """End the process; nothing is returned."""
        super().quit()
        if self._process is not None:
            self._process.terminate()

    def work(self):
        """Write what must be written, start the process and wait for its answer.

        Returns
        -------
        Segmented or None
            None after `quit`.

        Raises
        ------
        ValueError
            If it cannot be segmented.
        """
        with tempfile.TemporaryDirectory(prefix="tomoseg-tf-") as folder:
            folder = Path(folder)
            classes = folder / "classes.tif"
            request = {
                **self._request,
                "scan": self._scan.place(folder / "scan.npy"),
                "spacing": self._scan.spacing,
                "classes": f"{classes}",
                "probabilities": f"{folder / 'p.tif'}" if self._probabilities else None,
            }
            answer = self._ask(request, folder / "errors.txt")
            if self.abort_requested:
                return None
            if "error" in answer:
                raise ValueError(answer["error"])
            arrays = {name: _load(path) for name, path in answer["probabilities"].items()}
            return Segmented(_load(classes), arrays, answer["notices"])

    def _ask(self, request, errors):
        """Run the process; pass its progress on, and give its last line."""
        with open(errors, "w+", encoding="utf-8", errors="replace") as trouble:
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": trouble}
            with subprocess.Popen(PROGRAM, **pipes, text=True, encoding="utf-8") as process:
                self._process = process
                process.stdin.write(json.dumps(request))
                process.stdin.close()
                for line in process.stdout:
                    answer = json.loads(line)
                    if self.abort_requested:
                        process.terminate()
                    elif "progress" not in answer:
                        return answer
                    else:
                        self.yielded.emit(tuple(answer["progress"]))
            trouble.seek(0)
            last = trouble.read().strip().rpartition("\n")[2]
        return {"error": f"the segmentation ended without a result: {last or process.returncode}"}


def _load(path):
    """Read a volume as a whole."""
    volume = open_volume(path)
    return volume.read(0, volume.shape[0])
