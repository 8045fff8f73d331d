"""h11 as a strict client of a running crisp-server: every response must be framed as RFC 9112 asks,
carry a Date, and a length or chunks, and close the connection when and only when it says so.

    check_http_client.py CRISP_SERVER PARSER_DRIVER
"""

import json
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import time

import h11

import check_http
import vectors


class Client:
    """One connection, whose bytes are sent as they are given."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.parser = h11.Connection(h11.CLIENT)

    def exchange(self, method, raw):
        """The response to the only request in `raw`, as (status, fields, body)."""
        # h11 is told of a request with this method; what goes out is something else.
        self.parser.send(h11.Request(method=method, target="/", headers=[("Host", "localhost")]))
        self.parser.send(h11.EndOfMessage())
        self.socket.sendall(raw)
        response, body = None, b""
        while True:
            event = self.parser.next_event()
            if event is h11.NEED_DATA:
                self.parser.receive_data(self.socket.recv(1 << 16))
            elif isinstance(event, h11.Response):
                response = event
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.EndOfMessage):
                break
            elif not isinstance(event, h11.InformationalResponse):
                raise AssertionError(f"{event!r} after {raw!r}")
        fields = {name.decode(): value.decode() for name, value in response.headers}
        assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", fields["date"]), fields
        status = response.status_code
        if status not in (204, 304):
            assert ("content-length" in fields) != ("transfer-encoding" in fields), fields
        elif status == 204:
            assert "content-length" not in fields and not body, fields
        if fields.get("connection") == "close":
            assert self.socket.recv(1) == b"", f"bytes after the last response to {raw!r}"
            self.socket.close()
        else:
            assert self.parser.our_state is h11.DONE, self.parser.our_state
            self.parser.start_next_cycle()
        return status, fields, body


def request(method, target, fields="", body=b""):
    length = f"Content-Length: {len(body)}\r\n" if body else ""
    return f"{method} {target} HTTP/1.1\r\nHost: localhost\r\n{fields}{length}\r\n".encode() + body


def check_answers(port):
    client = Client(port)
    status, fields, body = client.exchange("GET", request("GET", "/healthz"))
    assert status == 200 and len(body) == int(fields["content-length"])
    status, head, body = client.exchange("HEAD", request("HEAD", "/healthz"))
    assert status == 200 and body == b"" and head["content-length"] == fields["content-length"]
    status, fields, body = client.exchange("GET", request("GET", "/nowhere"))
    assert status == 404 and fields["content-type"] == "application/problem+json"
    assert client.exchange("HEAD", request("HEAD", "/nowhere"))[::2] == (404, b"")
    status, fields, _ = client.exchange("DELETE", request("DELETE", "/healthz"))
    assert status == 405 and fields["allow"] == "GET, HEAD, OPTIONS"
    assert client.exchange("OPTIONS", request("OPTIONS", "/healthz"))[0] == 204
    status, fields, _ = client.exchange("OPTIONS", request("OPTIONS", "*"))
    assert status == 204 and "POST" in fields["allow"]
    assert client.exchange("BREW", request("BREW", "/healthz"))[0] == 501
    assert client.exchange("GET", request("GET", "http://other/healthz"))[0] == 200
    assert client.exchange("GET", request("GET", "/jobs"))[0] == 200
    # Without tokens, names that are not this machine's are answered by memory alone.
    other = request("GET", "/jobs").replace(b"localhost", b"other.example")
    assert client.exchange("GET", other)[0] == 421
    body = b'{"classes": ["Nothing of the kind"]}'
    json_body = "Content-Type: application/json\r\n"
    assert client.exchange("POST", request("POST", "/users/a/classes", json_body, body))[0] == 422
    chunks = b"".join(b"%x\r\n%s\r\n" % (1, body[i : i + 1]) for i in range(len(body)))
    raw = request("POST", "/users/a/classes", json_body + "Transfer-Encoding: chunked\r\n")
    assert client.exchange("POST", raw + chunks + b"0\r\n\r\n")[0] == 422
    status, fields, _ = client.exchange("GET", request("GET", "/healthz", "Connection: close\r\n"))
    assert status == 200 and fields["connection"] == "close"
    unread = Client(port)
    status, fields, _ = unread.exchange("POST", request("POST", "/nowhere", "", b"x"))
    assert status == 404 and fields["connection"] == "close"
    print("  answers to well-formed requests: all framed")


def check_model(port):
    """Ranges and validators, on a model that is trained as shortly as can be."""
    client = Client(port)
    wanted = json.dumps({"classes": ["Sandal", "Bag"], "epochs": 1}).encode()
    json_body = "Content-Type: application/json\r\n"
    raw = request("POST", "/users/ann/classes", json_body, wanted)
    status, fields, body = client.exchange("POST", raw)
    assert status == 202, body
    job = fields["location"]
    end = time.monotonic() + 600
    while (report := json.loads(client.exchange("GET", request("GET", job))[2]))[
        "status"
    ] in ("queued", "running"):
        assert time.monotonic() < end, report
        time.sleep(0.5)
    assert report["status"] == "succeeded", report
    target = f"/models/{report['result_model']}"
    status, fields, whole = client.exchange("GET", request("GET", target))
    assert status == 200 and len(whole) == int(fields["content-length"])
    tag = fields["etag"]
    for method in ("GET", "HEAD"):
        for extra, expected in [
            ("", 200), (f"If-None-Match: {tag}\r\n", 304), ("Range: bytes=10-99\r\n", 206),
            ("Range: bytes=-1\r\n", 206), (f"Range: bytes={len(whole)}-\r\n", 416),
            ("Range: bytes=0-0,-1\r\n", None), ("If-Match: \"x\"\r\n", None),
            ("Range: bytes=9223372036854775807-\r\n", 416), ("Range: x\r\n", None),
        ]:
            status, fields, body = client.exchange(method, request(method, target, extra))
            assert expected in (status, None) or method == "HEAD", (extra, status)
            assert method == "GET" or body == b""
            if status == 206 and method == "GET" and "content-range" in fields:
                first, last = map(int, re.search(r"(\d+)-(\d+)/", fields["content-range"]).groups())
                assert body == whole[first : last + 1]
    print(f"  a model of {len(whole)} bytes: ranges, validators and HEAD framed")


def check_refusals(port, driver):
    known = list(vectors.read("Tests/HTTPServerTests/Vectors"))
    reports = check_http.by_crisp(driver, [data for *_, data, _ in known])
    count = 0
    for (*_, line, data, _), (messages, end) in zip(known, reports, strict=True):
        # Only what is refused at its first head: there is no route for the bodies of the others.
        is_later = messages or end == "body_too_large" or data.startswith(vectors.expand("CHUNKED"))
        if end in check_http.ENDS or is_later:
            continue
        method = "HEAD" if data.startswith(b"HEAD ") else "GET"
        status, fields, body = Client(port).exchange(method, data)
        problem = json.loads(body)
        assert problem["code"] == end and problem["status"] == status >= 400, (line, problem)
        assert fields["connection"] == "close", (line, fields)
        count += 1
    print(f"  {count} connections refused with the right code, framed, and closed")


def main():
    server, driver = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            [server, "--db", str(pathlib.Path(folder) / "a.sqlite"), "--port", "0"],
            stdout=subprocess.PIPE, text=True)
        try:
            port = int(process.stdout.readline().rsplit(":", 1)[1])
            check_answers(port)
            check_refusals(port, driver)
            check_model(port)
        finally:
            process.terminate()
            process.wait(timeout=60)
    assert process.returncode == 0, process.returncode


main()
