"""Files from the web: whole, of the size and SHA-256 expected, or not at all."""

import hashlib
import http.client
import ssl
import time
import urllib.error
import urllib.request
from pathlib import Path

import tomoseg_tf
from tomoseg_tf.volume import naming_full_disk

SECONDS = 30  # without a byte
LARGEST = 2**35  # bytes
PIECE = 2**18
TRIES = 4  # each goes on where the one before was cut off, if the server can
PAUSE = 1.0  # seconds before the second try, doubled for each later one
BROKEN = (http.client.HTTPException, TimeoutError, ConnectionError, ssl.SSLError)
PASSING = (408, 425, 429, 500, 502, 503, 504)  # of HTTP, which may be gone at the next try


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Do not follow from https to http, unless what comes is checked."""

    def __init__(self, checked):
        self.checked = checked

    def redirect_request(self, req, fp, code, msg, headers, newurl):
        if req.type == "https" and newurl.lower().startswith("http:") and not self.checked:
            raise ValueError(
                f"{req.full_url} leads to {newurl}, which is not encrypted; state the SHA-256 of "
                "the archive to allow that"
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def download(url, path: Path, *, sha256=None, largest=LARGEST, progress=None):
    """Download a file; what is cut off is gone on with a few times.

    Parameters
    ----------
    url : str
        ``https://`` or ``http://``.
    path : Path
        The file to write; the caller removes it after an error.
    sha256 : str, optional
        What its SHA-256 must be.
    largest : int, optional
        Bytes beyond which it is refused.
    progress : callable, optional
        Called as ``progress(done, total)`` in bytes; the total is None if the server does not say.

    Returns
    -------
    str
        Its SHA-256.

    Raises
    ------
    ValueError
        If there is no such file, it is too large, not all of it comes, or it is not the one
        expected.
    """
    transfer = _Transfer(url, path, sha256 is not None, largest, progress)
    path.write_bytes(b"")
    for number in range(TRIES):
        if number:
            time.sleep(PAUSE * 2 ** (number - 1))
        try:
            with naming_full_disk(path):
                transfer.go_on()
            break
        except urllib.error.HTTPError as error:
            error.close()
            reason = f"the server answers {error.code} {error.reason}"
            if error.code not in PASSING:
                raise ValueError(f"{url}: {reason}; check the address") from None
        except urllib.error.URLError as error:
            reason = str(getattr(error.reason, "strerror", None) or error.reason)
            if not transfer.done:
                raise ValueError(
                    f"{url} cannot be fetched: {reason}; check the address and the network"
                ) from None
        except http.client.InvalidURL as error:
            raise ValueError(f"{url}: {error}; check the address") from None
        except BROKEN as error:
            reason = f"the connection broke, {transfer.describe()} ({_name(error)})"
    else:
        raise ValueError(f"{url} cannot be fetched: {reason}; try again later")
    return _check(transfer, sha256)


class _Transfer:
    """A download under way: what is there of it already, and whether the rest belongs to it."""

    def __init__(self, url, path, checked, largest, progress):
        self.url, self.path, self.largest, self.progress = url, path, largest, progress
        self.opener = urllib.request.build_opener(_Redirects(checked))
        self.done, self.total, self.tag = 0, None, None
        self.hash = hashlib.sha256()

    def describe(self):
        """Tell how much came."""
        of = "" if self.total is None else f" of {self.total}"
        return f"after {self.done}{of} bytes"

    def go_on(self):
        """Ask for what is missing and write it."""
        headers = {"User-Agent": f"tomoseg-tf/{tomoseg_tf.__version__}"}
        if self.done and self.tag:
            headers |= {"Range": f"bytes={self.done}-", "If-Range": self.tag}
        request = urllib.request.Request(self.url, headers=headers)
        with self.opener.open(request, timeout=SECONDS) as answer:
            if not self._fits(answer):
                self.done, self.hash = 0, hashlib.sha256()
            self._note(answer)
            with open(self.path, "r+b") as file:
                file.truncate(self.done)
                file.seek(self.done)
                self._copy(answer, file)
        if self.total is not None and self.done < self.total:
            raise http.client.IncompleteRead(b"", self.total - self.done)

    def _fits(self, answer):
        """Tell whether an answer begins where the file ends."""
        start = f"bytes {self.done}-"
        return answer.status == 206 and answer.headers.get("Content-Range", "").startswith(start)

    def _note(self, answer):
        """Take the size and the mark by which a server tells whether the file is still the same."""
        length = answer.headers.get("Content-Length", "")
        self.total = self.done + int(length) if length.isdecimal() else None
        tag = answer.headers.get("ETag") or answer.headers.get("Last-Modified")
        self.tag = None if tag is None or tag.startswith("W/") else tag
        if self.total is not None and self.total > self.largest:
            raise ValueError(f"{self.url} has {self.total} bytes, more than {self.largest}")

    def _copy(self, answer, file):
        while piece := answer.read(PIECE):
            self.done += len(piece)
            if self.done > self.largest:
                raise ValueError(f"{self.url} has more than {self.largest} bytes")
            self.hash.update(piece)
            file.write(piece)
            if self.progress:
                self.progress(self.done, self.total)


def _check(transfer, sha256):
    """Compare what came with what was expected."""
    found = transfer.hash.hexdigest()
    if sha256 is not None and found != sha256:
        raise ValueError(
            f"{transfer.url} is not the file that was named: its SHA-256 is {found}, not {sha256}; "
            "ask who gave you the address"
        )
    return found


def _name(error):
    return str(error.strerror) if getattr(error, "strerror", None) else type(error).__name__
