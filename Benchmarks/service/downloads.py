#!/usr/bin/env python3
"""What many slow downloads at once cost the server in memory, and others in time.

    Benchmarks/service/downloads.py [--server .build/release/crisp-server] [--clients 100]
        [--megabytes 50] [--rate 2]

Puts a model of random bytes into a new database, as the store would, and has CLIENTS connections read
it at RATE megabytes a second each. Halfway, every tenth connection is cut and goes on with Range and
If-Range. Prints the server's peak resident memory (VmHWM), its threads, how long GET /models took
meanwhile, and whether every download has the right SHA-256. Python's standard library is enough.
"""

import argparse
import hashlib
import json
import selectors
import socket
import tempfile
import time

from server import CHUNK, MODEL, Server, add_model

options = argparse.ArgumentParser()
options.add_argument("--server", default=".build/release/crisp-server")
options.add_argument("--clients", type=int, default=100)
options.add_argument("--megabytes", type=int, default=50)
options.add_argument("--rate", type=float, default=2, help="megabytes a second and client; 0: all")
options.add_argument("--json", action="store_true")
options = options.parse_args()

# All clients come from one address here, and those that are cut come twice.
LIMITS = [
    flag for name in ("--max-connections-per-address", "--max-connections")
    for flag in (name, str(2 * options.clients + 16))
]


class Download:
    """One connection that reads no faster than it may."""

    def __init__(self, port, number):
        self.port, self.cuts = port, number % 10 == 0
        self.hash, self.got, self.tag = hashlib.sha256(), 0, None
        self.connect()

    def connect(self):
        self.socket = socket.create_connection(("127.0.0.1", self.port))
        # A client with little room, as a slow one has.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 << 10)
        self.head = b""
        fields = f"Range: bytes={self.got}-\r\nIf-Range: {self.tag}\r\n" if self.got else ""
        self.socket.sendall(
            f"GET /models/{MODEL} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{fields}\r\n".encode())
        self.socket.setblocking(False)

    def read(self, size):
        """Bytes that came; 0 at the end."""
        try:
            data = self.socket.recv(min(64 << 10, size))
        except BlockingIOError:
            return None
        if self.head is not None:
            self.head += data
            head, end, data = self.head.partition(b"\r\n\r\n")
            if not end:
                return len(head) and None
            lines = head.decode().split("\r\n")
            expected = "206" if self.got else "200"
            assert lines[0].split()[1] == expected, lines[0]
            self.tag = next(line[6:] for line in lines if line.startswith("ETag: "))
            self.head = None
            if not data:
                return None
        self.hash.update(data)
        self.got += len(data)
        return len(data)


def run(server, size):
    selector = selectors.DefaultSelector()
    downloads = [Download(server.port, number) for number in range(options.clients)]
    for download in downloads:
        selector.register(download.socket, selectors.EVENT_READ, download)
    begun = time.monotonic()
    open_count, peak_threads, delays, next_probe = len(downloads), 0, [], begun + 0.5
    while open_count:
        now = time.monotonic()
        allowed = (now - begun) * options.rate * 1e6 if options.rate else float("inf")
        if now > next_probe:
            next_probe = now + 0.25
            asked = time.monotonic()
            server.call("GET", "/models")
            delays.append(time.monotonic() - asked)
            peak_threads = max(peak_threads, server.status("Threads"))
        progress = False
        for key, _ in selector.select(0.01):
            download = key.data
            if download.got > allowed:
                continue
            count = download.read(1 << 20)
            progress = True
            if count == 0 or download.cuts and download.got > size // 2:
                selector.unregister(download.socket)
                download.socket.close()
                if download.cuts and download.got < size:
                    download.cuts = False
                    download.connect()
                    selector.register(download.socket, selectors.EVENT_READ, download)
                else:
                    open_count -= 1
        if not progress:
            time.sleep(0.005)
    return downloads, time.monotonic() - begun, peak_threads, sorted(delays)


with tempfile.TemporaryDirectory() as folder:
    database = f"{folder}/crisp.sqlite"
    size = options.megabytes * CHUNK
    with Server(options.server, database):
        pass
    _, digest = add_model(database, size)
    with Server(options.server, database, *LIMITS) as server:
        idle = server.resident()
        downloads, seconds, threads, delays = run(server, size)
        result = {
            "clients": options.clients, "megabytes": options.megabytes,
            "complete": sum(d.hash.hexdigest() == digest for d in downloads),
            "seconds": round(seconds, 1),
            "megabytes_per_second": round(options.clients * size / seconds / 1e6),
            "idle_rss_mb": round(idle, 1),
            "peak_rss_mb": round(server.status("VmHWM") / 1024, 1),
            "threads": threads,
            "list_ms_median": round(delays[len(delays) // 2] * 1e3, 1) if delays else None,
            "list_ms_worst": round(delays[-1] * 1e3, 1) if delays else None,
        }
print(json.dumps(result) if options.json else "\n".join(f"{k:22} {v}" for k, v in result.items()))
raise SystemExit(result["complete"] != options.clients)
