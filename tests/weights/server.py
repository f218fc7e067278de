"""A web server on this machine that serves files well, or as badly as a test asks."""

import hashlib
import socket
import struct
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


class Server:
    """A server of bytes by path, with a record of what was asked.

    ``files`` are served whole, with ETag and ranges; ``answers`` are functions of the handler in
    their place.
    """

    def __init__(self):
        self.files, self.answers, self.asked = {}, {}, []
        self.serve, self.cut_off, self.reset, self.redirect = serve, cut_off, reset, redirect
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.http.daemon_threads = True
        self.address = f"http://127.0.0.1:{self.http.server_port}"
        Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def close(self):
        self.http.shutdown()
        self.http.server_close()

    def _handler(self):
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                server.asked.append((self.path, self.headers.get("Range")))
                answer = server.answers.get(self.path)
                if answer:
                    answer(self)
                elif self.path in server.files:
                    serve(self, server.files[self.path])
                else:
                    self.send_error(404)

            def log_message(self, *args):
                pass

        return Handler


def serve(handler, content, *, cut=None, tag=True):
    """Serve bytes from where they are asked for; only the first `cut` of them, if given."""
    mark = f'"{hashlib.md5(content).hexdigest()}"'
    asked, start = handler.headers.get("Range"), 0
    if asked and tag and handler.headers.get("If-Range") == mark:
        start = int(asked.removeprefix("bytes=").rstrip("-"))
    handler.send_response(206 if start else 200)
    if start:
        handler.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
    handler.send_header("Content-Length", str(len(content) - start))
    if tag:
        handler.send_header("ETag", mark)
    handler.end_headers()
    handler.wfile.write(content[start:][:cut])


def cut_off(content, length, times, *, tag=True):
    """Answer that ends after `length` bytes the first `times`, and is whole then."""
    count = []

    def answer(handler):
        count.append(1)
        serve(handler, content, cut=length if len(count) <= times else None, tag=tag)

    return answer


def reset(content, length):
    """Answer whose connection is torn down after `length` bytes."""

    def answer(handler):
        serve(handler, content, cut=length)
        handler.wfile.flush()
        linger = struct.pack("ii", 1, 0)
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        handler.connection.close()

    return answer


def redirect(target):
    """Answer that leads to another address."""

    def answer(handler):
        handler.send_response(302)
        handler.send_header("Location", target)
        handler.end_headers()

    return answer
