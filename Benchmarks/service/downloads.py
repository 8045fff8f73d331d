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
import http.client
import json
import os
import pathlib
import selectors
import socket
import sqlite3
import subprocess
import tempfile
import time

options = argparse.ArgumentParser()
options.add_argument("--server", default=".build/release/crisp-server")
options.add_argument("--clients", type=int, default=100)
options.add_argument("--megabytes", type=int, default=50)
options.add_argument("--rate", type=float, default=2, help="megabytes a second and client; 0: all")
options.add_argument("--json", action="store_true")
options = options.parse_args()

CHUNK = 1 << 20
MODEL = "model_" + "0" * 24


def start(database):
    process = subprocess.Popen(
        [options.server, "--db", database, "--port", "0", "--log-level", "warning",
         # All clients come from one address here, and those that are cut come twice.
         "--max-connections-per-address", str(2 * options.clients + 16),
         "--max-connections", str(2 * options.clients + 16)],
        stdout=subprocess.PIPE, text=True)
    line = process.stdout.readline().strip()
    return process, int(line.rsplit(":", 1)[1])


def stop(process):
    process.terminate()
    process.wait(60)


def add_model(database, size):
    """The rows of a finished job and its model."""
    db = sqlite3.connect(database)
    base = db.execute("SELECT name FROM base_models").fetchone()[0]
    content = hashlib.sha256()
    with db:
        number = db.execute("INSERT INTO blobs (touched_at) VALUES (0)").lastrowid
        for position in range(size // CHUNK):
            part = os.urandom(CHUNK)
            content.update(part)
            db.execute(
                "INSERT INTO blob_chunks (blob, position, bytes) VALUES (?, ?, ?)",
                (number, position, part))
        digest = content.hexdigest()
        db.execute("UPDATE blobs SET digest = ?, size = ? WHERE number = ?", (digest, size, number))
        job = db.execute(
            """INSERT INTO jobs (id, status, priority, fingerprint, base_model, profile, recipe, seed,
               metadata, created_at, finished_at) VALUES (?, 'succeeded', 0, ?, ?, '{}', '{}', 0,
               '{}', 0, 0)""", ("job_" + "0" * 24, digest, base)).lastrowid
        db.execute(
            """INSERT INTO models (id, fingerprint, job, base_model, blob, size, labels, card,
               metadata, created_at) VALUES (?, ?, ?, ?, ?, ?, '["a"]', '{}', '{}', 0)""",
            (MODEL, digest, job, base, digest, size))
    db.close()
    return digest


def memory(process, field):
    for line in pathlib.Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1])


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


def run(process, port, size):
    selector = selectors.DefaultSelector()
    downloads = [Download(port, number) for number in range(options.clients)]
    for download in downloads:
        selector.register(download.socket, selectors.EVENT_READ, download)
    begun = time.monotonic()
    open_count, peak_threads, delays, next_probe = len(downloads), 0, [], begun + 0.5
    while open_count:
        now = time.monotonic()
        allowed = (now - begun) * options.rate * 1e6 if options.rate else float("inf")
        if now > next_probe:
            next_probe = now + 0.25
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            asked = time.monotonic()
            connection.request("GET", "/models")
            connection.getresponse().read()
            delays.append(time.monotonic() - asked)
            peak_threads = max(peak_threads, memory(process, "Threads"))
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
    process, _ = start(database)
    stop(process)
    digest = add_model(database, size)
    process, port = start(database)
    try:
        idle = memory(process, "VmRSS")
        downloads, seconds, threads, delays = run(process, port, size)
        result = {
            "clients": options.clients, "megabytes": options.megabytes,
            "complete": sum(d.hash.hexdigest() == digest for d in downloads),
            "seconds": round(seconds, 1),
            "megabytes_per_second": round(options.clients * size / seconds / 1e6),
            "idle_rss_mb": round(idle / 1024, 1),
            "peak_rss_mb": round(memory(process, "VmHWM") / 1024, 1),
            "threads": threads,
            "list_ms_median": round(delays[len(delays) // 2] * 1e3, 1) if delays else None,
            "list_ms_worst": round(delays[-1] * 1e3, 1) if delays else None,
        }
    finally:
        stop(process)
print(json.dumps(result) if options.json else "\n".join(f"{k:22} {v}" for k, v in result.items()))
raise SystemExit(result["complete"] != options.clients)
