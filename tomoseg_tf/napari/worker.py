"""Work in the background, in a process or a thread, with progress and an end on request."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from napari.qt.threading import GeneratorWorkerSignals, WorkerBase


class ProcessWorker(WorkerBase):
    """Waits in a thread for a process that answers a request of a scan.

    Signals come to the thread of the viewer: ``yielded`` brings (done, total), ``returned`` what
    ``read`` makes of the answer, or None after `quit`, ``errored`` an error, ``finished`` comes
    last in any case.

    Parameters
    ----------
    module : str
        Module of the process, which calls `tomoseg_tf.napari.process.serve`.
    scan : Scan
        Its place and spacing go into the request.
    complete : callable
        Called as ``complete(folder)`` with a folder that lasts until the answer was read; gives
        the rest of the request.
    read : callable
        Called with the answer.
    """

    def __init__(self, module, scan, complete, read):
        super().__init__(SignalsClass=GeneratorWorkerSignals)
        self._program = [sys.executable, "-m", module]
        self._scan, self._complete, self._read = scan, complete, read
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
        object
            What was made of the answer; None after `quit`.

        Raises
        ------
        ValueError
            If the process refuses the request, or ends without an answer.
        """
        with tempfile.TemporaryDirectory(prefix="tomoseg-tf-") as folder:
            folder = Path(folder)
            request = {
                "scan": self._scan.place(folder / "scan.npy"),
                "spacing": self._scan.spacing,
                **self._complete(folder),
            }
            answer = self._ask(request, folder / "errors.txt")
            if self.abort_requested:
                return None
            if "error" in answer:
                raise ValueError(answer["error"])
            return self._read(answer)

    def _ask(self, request, errors):
        """Run the process; pass its progress on, and give its last line."""
        with open(errors, "w+", encoding="utf-8", errors="replace") as trouble:
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": trouble}
            with subprocess.Popen(self._program, **pipes, text=True, encoding="utf-8") as process:
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
        return {"error": f"the process ended without a result: {last or process.returncode}"}


class CallWorker(WorkerBase):
    """Calls a function in a thread, with the signals of `ProcessWorker`.

    Parameters
    ----------
    call : callable
        Called as ``call(progress)``; ends at the next ``progress(done, total)`` after `quit`.
    """

    def __init__(self, call):
        super().__init__(SignalsClass=GeneratorWorkerSignals)
        self._call = call

    def work(self):
        """Call the function.

        Returns
        -------
        object
            What it returns; None after `quit`.
        """
        try:
            return self._call(self._tell)
        except InterruptedError:
            return None

    def _tell(self, done, total):
        """Pass progress on."""
        if self.abort_requested:
            raise InterruptedError
        self.yielded.emit((done, total))
