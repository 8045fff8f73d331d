"""A crisp-server process for benchmarks, and a client that measures. Standard library only."""

import contextlib
import hashlib
import http.client
import json
import os
import pathlib
import signal
import sqlite3
import subprocess
import threading
import time

CHUNK = 1 << 20
MODEL = "model_" + "0" * 24


class Server:
    def __init__(self, program, database, *arguments):
        self.process = subprocess.Popen(
            [program, "--db", database, "--port", "0", "--log-level", "warning", *arguments],
            stdout=subprocess.PIPE, text=True,
        )
        line = self.process.stdout.readline()
        self.port = int(line.rsplit(":", 1)[1])

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def connection(self, source="127.0.0.1"):
        return http.client.HTTPConnection(
            "127.0.0.1", self.port, timeout=30, source_address=(source, 0))

    def call(self, method, target, body=None):
        connection = self.connection()
        with contextlib.closing(connection):
            connection.request(method, target, body=None if body is None else json.dumps(body))
            answer = connection.getresponse()
            text = answer.read()
            if answer.status >= 400:
                raise RuntimeError(f"{method} {target}: {answer.status} {text.decode()}")
            return json.loads(text) if text else None

    def status(self, field):
        """A number from /proc: VmRSS and VmHWM in KiB, Threads."""
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(field + ":"):
                return int(line.split()[1])

    def resident(self):
        """Megabytes of memory the server has."""
        return self.status("VmRSS") / 1024

    def wait(self, job, *statuses):
        while True:
            status = self.call("GET", f"/jobs/{job}")["status"]
            if status in statuses:
                return status
            time.sleep(0.02)


def add_blob(db, content):
    """Stores bytes as the store writes them. Returns their SHA-256."""
    digest = hashlib.sha256(content).hexdigest()
    number = db.execute(
        "INSERT INTO blobs (touched_at, digest, size) VALUES (0, ?, ?)",
        (digest, len(content))).lastrowid
    for position, start in enumerate(range(0, len(content), CHUNK)):
        db.execute(
            "INSERT INTO blob_chunks (blob, position, bytes) VALUES (?, ?, ?)",
            (number, position, content[start:start + CHUNK]))
    return digest


def add_model(database, size):
    """The rows of a finished job and its model of random bytes, as the store writes them. Returns the
    bytes and their SHA-256."""
    db = sqlite3.connect(database)
    base = db.execute("SELECT name FROM base_models").fetchone()[0]
    content = os.urandom(size)
    with db:
        digest = add_blob(db, content)
        job = db.execute(
            """INSERT INTO jobs (id, status, priority, fingerprint, base_model, profile, recipe, seed,
               metadata, created_at, finished_at) VALUES (?, 'succeeded', 0, ?, ?, '{}', '{}', 0,
               '{}', 0, 0)""", ("job_" + "0" * 24, digest, base)).lastrowid
        db.execute(
            """INSERT INTO models (id, fingerprint, job, base_model, blob, size, labels, card,
               metadata, created_at) VALUES (?, ?, ?, ?, ?, ?, '["a"]', '{}', '{}', 0)""",
            (MODEL, digest, job, base, digest, size))
    db.close()
    return content, digest


def latencies(server, targets, rate, seconds, connections=4, source="127.0.0.1"):
    """Milliseconds of GETs at a steady rate, counted from when each was due: a server that stalls
    cannot hide it by being asked less."""
    results, lock = [], threading.Lock()
    start = time.monotonic() + 0.1
    due = [start + number / rate for number in range(int(rate * seconds))]

    def work(share):
        connection, mine = server.connection(source), []
        for number in range(share, len(due), connections):
            time.sleep(max(0, due[number] - time.monotonic()))
            connection.request("GET", targets[number % len(targets)])
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                raise RuntimeError(f"{targets[number % len(targets)]}: {answer.status}")
            mine.append((time.monotonic() - due[number]) * 1000)
        with lock:
            results.extend(mine)

    threads = [threading.Thread(target=work, args=(share,)) for share in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if len(results) < len(due):
        raise RuntimeError(f"only {len(results)} of {len(due)} requests were answered")
    return sorted(results)


def percentiles(results):
    def at(share):
        return results[min(len(results) - 1, int(share * len(results)))]

    return f"p50 {at(0.5):.2f} ms, p99 {at(0.99):.2f} ms, worst {results[-1]:.2f} ms"
