"""Downloads from a real server: whole, gone on with, or refused in one line."""

import hashlib
import time
import urllib.request

import pytest

from tomoseg_tf.weights import download as module
from tomoseg_tf.weights.download import download

CONTENT = bytes(range(256)) * 4096  # 1 MiB
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture(autouse=True)
def content(server):
    server.files["/a.zip"] = CONTENT


def test_a_file_comes_whole(server, tmp_path):
    seen = []
    found = download(
        f"{server.address}/a.zip",
        tmp_path / "a",
        sha256=DIGEST,
        progress=lambda done, total: seen.append((done, total)),
    )
    assert found == DIGEST
    assert (tmp_path / "a").read_bytes() == CONTENT
    assert seen[-1] == (len(CONTENT), len(CONTENT))


@pytest.mark.parametrize("cut", [1, 300_000, len(CONTENT) - 1])
def test_what_is_cut_off_is_gone_on_with(server, tmp_path, cut):
    server.answers["/a.zip"] = server.cut_off(CONTENT, cut, 2)
    assert download(f"{server.address}/a.zip", tmp_path / "a") == DIGEST
    ranges = [asked for _, asked in server.asked]
    assert ranges == [None, f"bytes={cut}-", f"bytes={min(2 * cut, len(CONTENT))}-"][: len(ranges)]
    assert len(ranges) == (2 if 2 * cut >= len(CONTENT) else 3)
    assert (tmp_path / "a").read_bytes() == CONTENT


def test_without_a_mark_a_cut_download_begins_anew(server, tmp_path):
    server.answers["/a.zip"] = server.cut_off(CONTENT, 5000, 1, tag=False)
    assert download(f"{server.address}/a.zip", tmp_path / "a") == DIGEST
    assert server.asked == [("/a.zip", None)] * 2


def test_a_file_that_changes_meanwhile_begins_anew(server, tmp_path):
    other = CONTENT[::-1]
    answers = [
        lambda each: server.serve(each, CONTENT, cut=9000),
        lambda each: server.serve(each, other),
    ]
    server.answers["/a.zip"] = lambda handler: answers.pop(0)(handler)
    download(f"{server.address}/a.zip", tmp_path / "a")
    assert server.asked[1] == ("/a.zip", "bytes=9000-")
    assert (tmp_path / "a").read_bytes() == other


def test_what_is_always_cut_off_is_refused(server, tmp_path):
    server.answers["/a.zip"] = server.cut_off(CONTENT, 0, 99)
    with pytest.raises(ValueError, match=r"connection broke, after 0 of 1048576 bytes .*try again"):
        download(f"{server.address}/a.zip", tmp_path / "a")
    assert len(server.asked) == module.TRIES


def test_a_connection_torn_down_is_refused(server, tmp_path):
    server.answers["/a.zip"] = server.reset(CONTENT, 0)
    with pytest.raises(ValueError, match=r"a\.zip cannot be fetched: the connection broke"):
        download(f"{server.address}/a.zip", tmp_path / "a")


def test_a_server_that_falls_silent_is_refused(server, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "SECONDS", 0.05)
    monkeypatch.setattr(module, "TRIES", 2)

    def silent(handler):
        server.serve(handler, CONTENT, cut=1000)
        handler.wfile.flush()
        time.sleep(0.3)

    server.answers["/a.zip"] = silent
    with pytest.raises(ValueError, match=r"the connection broke, after \d+ of 1048576 bytes"):
        download(f"{server.address}/a.zip", tmp_path / "a")


@pytest.mark.parametrize(
    ("status", "match", "tries"),
    [
        (404, "answers 404 Not Found; check the address", 1),
        (403, "answers 403 Forbidden; check the address", 1),
        (503, "answers 503 Service Unavailable; try again later", module.TRIES),
    ],
)
def test_what_the_server_answers_is_said(server, tmp_path, status, match, tries):
    server.answers["/a.zip"] = lambda handler: handler.send_error(status)
    with pytest.raises(ValueError, match=match):
        download(f"{server.address}/a.zip", tmp_path / "a")
    assert len(server.asked) == tries


def test_another_file_than_the_one_named_is_refused(server, tmp_path):
    with pytest.raises(ValueError, match=rf"its SHA-256 is {DIGEST}, not {'0' * 64}"):
        download(f"{server.address}/a.zip", tmp_path / "a", sha256="0" * 64)


def test_a_redirect_is_followed_but_not_off_the_web(server, tmp_path):
    server.answers["/b.zip"] = server.redirect("/a.zip")
    assert download(f"{server.address}/b.zip", tmp_path / "a") == DIGEST
    server.answers["/c.zip"] = server.redirect("file:///etc/passwd")
    with pytest.raises(ValueError, match=r"to url 'file:///etc/passwd' is not allowed"):
        download(f"{server.address}/c.zip", tmp_path / "a")
    server.answers["/d.zip"] = server.redirect("/d.zip")
    with pytest.raises(ValueError, match="answers 302"):
        download(f"{server.address}/d.zip", tmp_path / "a")


def test_a_redirect_to_where_anyone_can_read_along_needs_a_hash():
    asked = urllib.request.Request("https://lab.org/a.zip")
    answer = None, 302, "Found", {}, "http://lab.org/a.zip"
    with pytest.raises(ValueError, match="not encrypted; state the SHA-256"):
        module._Redirects(False).redirect_request(asked, *answer)
    followed = module._Redirects(True).redirect_request(asked, *answer)
    assert followed.full_url == "http://lab.org/a.zip"


def test_more_bytes_than_allowed_are_refused(server, tmp_path):
    with pytest.raises(ValueError, match="has 1048576 bytes, more than 1000"):
        download(f"{server.address}/a.zip", tmp_path / "a", largest=1000)

    def endless(handler):
        handler.send_response(200)
        handler.end_headers()
        for _ in range(5):
            handler.wfile.write(CONTENT)

    server.answers["/a.zip"] = endless
    with pytest.raises(ValueError, match="has more than 2000000 bytes"):
        download(f"{server.address}/a.zip", tmp_path / "a", largest=2_000_000)


def test_no_server_is_said_at_once(server, tmp_path):
    address = server.address
    server.close()
    with pytest.raises(ValueError, match="Connection refused; check the address and the network"):
        download(f"{address}/a.zip", tmp_path / "a")


def test_an_address_that_is_none(tmp_path):
    with pytest.raises(ValueError, match="check the address"):
        download("http://user:word@host:port/a.zip", tmp_path / "a")
