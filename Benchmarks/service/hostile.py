#!/usr/bin/env python3
"""Processor time of the server for the worst requests known of each route. Fails when one of them
takes more than LIMIT milliseconds before its answer; predictions, which compute, are shown apart.

Usage: hostile.py [--server PROGRAM] [--crisp PROGRAM] [--limit MILLISECONDS] [--only REGEX]
Standard library only. Makes its own data set, base model and model in a temporary folder."""

import argparse
import http.client
import json
import pathlib
import random
import re
import socket
import sqlite3
import statistics
import struct
import subprocess
import sys
import tempfile
import time
import urllib.parse
import zipfile

from server import Server, add_blob

LABELS = 1000
# A base model with more labels than any data set has names that people look for.
MANY = [f"c{number:05}" for number in range(20_000)]
# The most classes of one profile (ClassProfile.mostClasses).
MOST = 4_096
# Texts are compared by what they mean: two marks in the wrong order have to be put in order first.
MARKS = "\u0301\u0316"
# As many in a row as may be.
ROW = "a" + MARKS * 15
# What a job of all of them may be expected to cost.
BRIEF = {"iterations": 1, "epochs_per_iteration": 0, "final_epochs": 0, "samples_per_class": 1,
         "saliency_batches": 1}
REPEATS = 5
KB = 1 << 10


def npy(kind, shape, data):
    """One array as numpy.save writes it (NPY format 1.0)."""
    header = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}"
    header += " " * (-(len(header) + 11) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + data


def data_set(path):
    """Eight pictures of 8x8 noise for each of as many classes as ImageNet has."""
    random.seed(1)
    names = [f"class {number:04} of many" for number in range(LABELS)]
    with zipfile.ZipFile(path, "w") as archive:
        for split, each in (("tr", 8), ("te", 2)):
            count = LABELS * each
            labels = [number % LABELS for number in range(count)]
            archive.writestr(
                f"x{split}.npy", npy("|u1", f"({count}, 8, 8)", random.randbytes(count * 64)))
            archive.writestr(
                f"y{split}.npy", npy("<i8", f"({count},)", struct.pack(f"<{count}q", *labels)))
        width = max(map(len, names))
        text = b"".join(name.ljust(width, "\0").encode("utf-32-le") for name in names)
        archive.writestr("classes.npy", npy(f"<U{width}", f"({LABELS},)", text))
    return names


def jpeg(scans, side):
    """A progressive picture of grey: nothing in its scans, which cost a pass all the same."""
    def segment(marker, content):
        return bytes([0xFF, marker]) + struct.pack(">H", len(content) + 2) + content
    picture = b"\xff\xd8" + segment(0xDB, bytes([0]) + bytes([1]) * 64)
    picture += segment(0xC2, struct.pack(">BHHB", 8, side, side, 1) + bytes([1, 0x11, 0]))
    picture += segment(0xC4, bytes([0x00, 1] + [0] * 15 + [0]))
    picture += segment(0xC4, bytes([0x10, 1] + [0] * 15 + [0]))
    blocks = (side // 8) ** 2
    scan = bytes((blocks + 7) // 8)
    picture += segment(0xDA, bytes([1, 1, 0x00, 0, 0, 0x00])) + scan
    for _ in range(scans - 1):
        picture += segment(0xDA, bytes([1, 1, 0x00, 1, 63, 0x00])) + scan
    return picture + b"\xff\xd9"


class Bench:
    def __init__(self, server, only):
        self.server = server
        self.only = re.compile(only)
        # clock_getcpuclockid(3): the clock of another process's processor time, in nanoseconds.
        self.clock = (~server.process.pid << 3) | 2
        self.rows = []

    def spent(self):
        return time.clock_gettime(self.clock) * 1000

    def request(self, method, target, body=None, fields=(), chunks=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=300)
        connection.putrequest(method, target, skip_accept_encoding=True)
        for name, value in fields:
            connection.putheader(name, value)
        if chunks:
            connection.putheader("Transfer-Encoding", "chunked")
            connection.endheaders()
        else:
            if body is not None:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders()
        try:
            if chunks:
                connection.sock.sendall(chunks)
            elif body:
                connection.sock.sendall(body)
        except OSError:
            pass  # refused before it was all there
        answer = connection.getresponse()
        length = len(answer.read())
        connection.close()
        return answer.status, length

    def measure(self, route, name, method, target, body=None, fields=(), apart=False, chunks=None,
                repeats=REPEATS):
        if not self.only.search(f"{route} {name}"):
            return
        body = body.encode() if isinstance(body, str) else body
        times = []
        for _ in range(repeats):
            before = self.spent()
            status, length = self.request(method, target, body, fields, chunks)
            times.append(self.spent() - before)
            # One that takes seconds is known to be too slow.
            if times[-1] > 1000:
                break
        sent = len(chunks or body or b"") + len(target) + sum(len(n) + len(v) for n, v in fields)
        worst = statistics.median(times)
        self.rows.append((route, name, sent, status, length, worst, apart))
        print(f"{route:32} {name:44} {sent:9} {status:4} {length:8} {worst:9.2f}", flush=True)


def job(names, **members):
    # Two base models are registered.
    return json.dumps({"base_model": "net", "classes": names, "block": 8, **members}, ensure_ascii=False)


def run(bench, names, model):
    two = names[:2]
    post = "/users/eve/classes"
    head = json.dumps({"base_model": "net", "classes": two, "block": 8})[:-1]

    def fill(piece, size):
        return piece * (size // len(piece))

    def many(kind, count, size):
        return [f"{kind}{number}".ljust(size, "x") for number in range(count)]

    posts = {
        "arrays 500 deep": head + ',"metadata":{"a":' + "[" * 500 + "]" * 500 + "}}",
        "objects 400 deep": head + ',"metadata":' + '{"a":' * 400 + "1" + "}" * 400 + "}",
        "256 KB of '['": "[" * (255 * KB),
        "empty lists in metadata": head + ',"metadata":{"a":[' + fill("[],", 250 * KB) + "1]}}",
        "objects in metadata": head + ',"metadata":{"a":[' + fill('{"a":0},', 250 * KB) + "1]}}",
        "unknown fields": "{" + ",".join(f'"k{n}":0' for n in range(22_000)) + "}",
        "names of combining marks": '{"' + fill(MARKS, 250 * KB // 2) + '":0}',
        "escapes": head + ',"metadata":{"a":"' + fill("\\u00e9", 250 * KB) + '"}}',
        "one number of 250,000 digits": head + ',"seed":' + "9" * (250 * KB) + "}",
        "numbers": head + ',"metadata":{"a":[' + fill("1e-300,", 250 * KB) + "1]}}",
        "a recipe of 250 KB": head + ',"recipe":{"augmentation":[' + fill("[],", 250 * KB) + "1]}}",
        "1000 unknown classes of 250 bytes": job(many("n", 950, 250)),
        "1000 unknown classes of 25 bytes": job(many("class ", 1000, 25)),
        "more classes than labels": job(many("n", 21_000, 7)),
        "all labels, the last one wrong": job(names[:-1] + ["class"]),
        "all labels": job(names, target={"sparsity": 0.6}),
        "950 names of combining marks": job([ROW * 4 + f"{n}" for n in range(950)]),
        "60 names of 2,000 combining marks": job([ROW * 66 + f"{n}" for n in range(60)]),
        "a base model of combining marks": json.dumps({"classes": two})[:-1] + ',"base_model":"' + fill(MARKS, 250 * KB // 2) + '"}',
        "a priority of combining marks": head + ',"priority":"' + fill(MARKS, 250 * KB // 2) + '"}',
    }
    for name, body in posts.items():
        bench.measure("POST /users/{user}/classes", name, "POST", post, body)
    key = [("Idempotency-Key", "k")]
    for name in ("objects in metadata", "unknown fields"):
        bench.measure("POST /users/{user}/classes", name + ", with a key", "POST", post, posts[name], key)
    text = posts["objects in metadata"].encode()
    bench.measure(
        "POST /users/{user}/classes", "in chunks of one byte", "POST", post,
        chunks=b"".join(b"1\r\n%c\r\n" % byte for byte in text[:100 * KB]) + b"0\r\n\r\n")

    forms = {
        "one class again and again": "user=eve&base_model=net&sparsity=90" + "&class=" + "&class=".join(
            [urllib.parse.quote(names[-1])] * 4092),
        "weights": "user=eve&base_model=net" + "".join(
            f"&class={urllib.parse.quote(name)}&weight-{n}=2" for n, name in enumerate((names * 3)[:2047])),
        "percent signs": "user=eve&class=" + "%41" * (80 * KB),
        "ampersands": "&" * (255 * KB),
        "a name of combining marks": "user=eve&" + "%CC%81%CC%96" * (20 * KB) + "=1",
        "a model of combining marks": "user=eve&base_model=" + "%CC%81%CC%96" * (20 * KB),
    }
    kind = [("Content-Type", "application/x-www-form-urlencoded"), ("Sec-Fetch-Site", "same-origin")]
    for accept in ("text/html", "application/json"):
        for name, body in forms.items():
            bench.measure(
                "POST /", f"{name}, {accept}", "POST", "/", body[:255 * KB],
                kind + [("Accept", accept)])

    jobs = bench.server.call("GET", "/jobs?limit=100")["data"]
    for target in ("/jobs", "/jobs?limit=100", "/users/heavy", "/", "/page/jobs", "/page/models",
                   "/page/form", f"/jobs/{jobs[0]['id']}", "/models?limit=100",
                   f"/models/{model}/card", "/base-models", "/datasets", "/metrics", "/readyz"):
        bench.measure("GET " + target.split("?")[0].replace(jobs[0]["id"], "{job}").replace(
            model, "{model}"), "as it is" if "?" not in target else target.split("?")[1], "GET", target)
    bench.measure("GET /jobs", "a query of 8 KB", "GET", "/jobs?" + "a&" * 4000)
    bench.measure("GET /jobs", "an escaped query of 8 KB", "GET", "/jobs?user=" + "%41" * 2600)
    bench.measure("GET /jobs", "an id of 8 KB", "GET", "/jobs?after=" + "9" * 8000)
    bench.measure("GET /…", "a path of 4,000 parts", "GET", "/a" * 4000)
    bench.measure("GET /jobs", "90 fields of 300 bytes", "GET", "/jobs?limit=1",
                  fields=[(f"X-{n}", "x" * 300) for n in range(90)])
    bench.measure("GET /jobs", "a token of 30 KB", "GET", "/jobs?limit=1",
                  fields=[("Authorization", "Bearer " + "x" * (30 * KB))])
    for field in ("Accept", "Authorization", "Origin", "Sec-Fetch-Site", "Content-Type",
                  "Content-Encoding", "Idempotency-Key", "If-None-Match", "Last-Event-ID", "Cookie"):
        for size in (1000, 30 * KB):
            bench.measure("POST /users/{user}/classes", f"{field} of {size} bytes of combining marks",
                          "POST", post, job(two),
                          [(field, fill(MARKS, size // 2).encode())])
    events = f"/jobs/{jobs[0]['id']}/events"
    accept = [("Accept", fill("a/b;q=0.1,", 30 * KB) + "application/json")]
    bench.measure("GET /jobs/{job}/events", "Accept of 30 KB", "GET", events, fields=accept)
    bench.measure("GET /jobs/{job}/events", "Last-Event-ID of 30 KB", "GET", events, fields=[
        ("Last-Event-ID", "9" * (30 * KB)), ("Accept", "text/event-stream")])
    bench.measure("GET /jobs/{job}/events", "after of 8 KB", "GET", events + "?after=" + "9" * 8000)
    for field, value in (("Accept", accept[0][1].replace("application/json", "*/*")),
                         ("Range", "bytes=" + fill("0-0,", 30 * KB) + "1-1"),
                         ("Range", "bytes=" + ",".join(f"{2 * n}-{2 * n}" for n in range(16))),
                         ("If-None-Match", fill('"a", ', 30 * KB) + '"b"'),
                         ("If-Match", fill('"a", ', 30 * KB) + '"b"')):
        bench.measure("GET /models/{model}", f"{field} of {len(value)} bytes", "GET",
                      f"/models/{model}", fields=[(field, value)])
    for format in ("safetensors", "onnx"):
        bench.measure("GET /models/{model}", format, "GET", f"/models/{model}?format={format}",
                      apart=True)
    hub = bench.server.call("GET", f"/api/models/{model}") and f"/{model}/resolve/main/README.md"
    bench.measure("GET /{model}/resolve/…", "the card", "GET", hub)
    bench.measure("POST /jobs/{job}/cancel", "as it is", "POST", f"/jobs/{jobs[0]['id']}/cancel")

    predict = f"/models/{model}/predictions"
    json_type = [("Content-Type", "application/json")]
    large = 8 * KB * KB - 100
    tensors = {
        "8 MB of numbers": '{"tensor":[' + fill("0.1234567,", large) + "0]}",
        "8 MB of lists": '{"tensor":[[' + fill("[],", large) + "[]]]}",
        "8 MB of one list's numbers": '{"tensor":[[[' + fill("1,", large) + "1]]]}",
        "8 MB of '['": "[" * large,
        "8 MB of another field": '{"x":[' + fill("1,", large) + "1]}",
        "8 MB of space": " " * large,
        "8 MB of a string": '{"tensor":"' + "x" * large + '"}',
    }
    for name, body in tensors.items():
        bench.measure("POST …/predictions", name, "POST", predict, body, json_type)
    picture = [("Content-Type", "image/jpeg")]
    bench.measure("POST …/predictions", "JPEG, 500 scans of 1 MP", "POST", predict, jpeg(500, 1024), picture)
    bench.measure("POST …/predictions", "JPEG, 100 scans of 6 MP", "POST", predict, jpeg(100, 2448), picture)
    bench.measure("POST …/predictions", "JPEG, one scan of 36 MP", "POST", predict, jpeg(1, 6000), picture)
    bench.measure("POST …/predictions", "8 MB that begin like JPEG", "POST", predict,
                  b"\xff\xd8\xff" + b"\xff\xda\x00\x02" * (2 * KB * KB - 100), picture)
    bench.measure("POST …/predictions", "JPEG, 10 scans of 25 MP", "POST", predict, jpeg(10, 5000),
                  picture, apart=True)
    bench.measure("DELETE /users/{user}", "with 100 jobs", "DELETE", "/users/heavy", repeats=1)


def prepare(server, names):
    """A model to ask, and jobs whose documents are as large as they may be."""
    recipe = {"iterations": 1, "epochs_per_iteration": 0, "final_epochs": 0, "samples_per_class": 2,
              "saliency_batches": 1, "batch_size": 2}
    made = server.call("POST", "/users/eve/classes", {
        "base_model": "net", "classes": names[:2], "block": 8, "target": {"sparsity": 0.6},
        "recipe": recipe})
    if server.wait(made["id"], "succeeded", "failed") != "succeeded":
        raise RuntimeError(json.dumps(server.call("GET", f"/jobs/{made['id']}")["error"]))
    return server.call("GET", f"/jobs/{made['id']}")["result_model"]


def fill_queue(server, names):
    deep = "[" * 13 + "]" * 13
    metadata = json.loads('{"a":[' + ",".join([deep] * 150) + "]}")
    wide = json.loads('{"a":[' + ",".join(['{"a":0}'] * 500) + "]}")
    for number in range(100):
        server.call("POST", "/users/heavy/classes", {
            "base_model": "net", "classes": names[number:number + 20], "block": 8, "target": {"sparsity": 0.8},
            "metadata": wide if number % 2 else metadata})


def widened(path):
    """A base model's file with a classifier of many labels: the rows there are, again and again."""
    content = pathlib.Path(path).read_bytes()
    length, = struct.unpack("<Q", content[:8])
    header, data = json.loads(content[8:8 + length]), content[8 + length:]
    metadata, times = header.pop("__metadata__"), len(MANY) // LABELS
    graph = json.loads(metadata["graph"])
    graph["nodes"][-1]["out"] = len(MANY)
    metadata["graph"], metadata["labels"] = json.dumps(graph), json.dumps(MANY)
    written, tensors = b"", {"__metadata__": metadata}
    for name, tensor in header.items():
        piece = data[slice(*tensor["data_offsets"])]
        if tensor["shape"][:1] == [LABELS]:
            tensor["shape"][0] *= times
            piece *= times
        tensors[name] = tensor | {"data_offsets": [len(written), len(written) + len(piece)]}
        written += piece
    text = json.dumps(tensors).encode()
    return struct.pack("<Q", len(text)) + text + written


def add_many_labels(database, net):
    """The same base model and data set once more, with 20,000 labels: its jobs are asked for, never run."""
    db = sqlite3.connect(database)
    content = widened(net)
    labels, counts = json.dumps(MANY), json.dumps({"training": [8] * len(MANY)})
    with db:
        digest = add_blob(db, content)
        for table, changed in (("datasets", {"name": "many", "classes": labels, "counts": counts}),
                               ("base_models", {"name": "many", "labels": labels, "dataset": "many",
                                                "blob": digest, "digest": digest})):
            columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
            # There is one default only.
            values = ["0" if name == "is_default" else f":{name}" if name in changed else name
                      for name in columns]
            db.execute(f"INSERT INTO {table} SELECT {', '.join(values)} FROM {table} LIMIT 1", changed)
    db.close()


def fill_with_many(server):
    """Jobs of as many of the 20,000 labels as a profile may name: 180 KB of profile each."""
    for number in range(100):
        server.call("POST", f"/users/many{number // 50}/classes", {
            "base_model": "many", "classes": MANY[:MOST - number], "block": 8,
            "target": {"sparsity": 0.52}, "recipe": BRIEF})


def run_many(bench):
    jobs = bench.server.call("GET", "/jobs?limit=100")["data"]
    for target in ("/jobs", "/jobs?limit=100", "/users/many0/classes", "/",
                   "/page/jobs", "/page/form", "/readyz"):
        bench.measure("GET " + target.split("?")[0], "20,000 labels", "GET", target)
    # With the whole of the current profile.
    for target in (f"/jobs/{jobs[0]['id']}", "/users/many0", "/base-models", "/datasets"):
        route = target.replace(jobs[0]["id"], "{job}")
        bench.measure("GET " + route, "20,000 labels, all that may be", "GET", target)
    post = "/users/eve/classes"
    bench.measure("POST /users/{user}/classes", f"{MOST} of 20,000 labels", "POST", post,
                  job(MANY[-MOST:], base_model="many", target={"sparsity": 0.52}, recipe=BRIEF))
    bench.measure("POST /users/{user}/classes", f"{MOST} labels, the last one wrong", "POST", post,
                  job(MANY[:MOST - 1] + ["x"], base_model="many"))
    bench.measure("POST /users/{user}/classes", "19,990 labels, more than may be", "POST", post,
                  job(MANY[:19_990], base_model="many"))
    before = bench.server.resident()
    readers = []
    for _ in range(60):
        reader = socket.socket()
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        reader.connect(("127.0.0.1", bench.server.port))
        reader.sendall(f"GET /users/many0 HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        readers.append(reader)
    for reader in readers:
        reader.recv(1)
    grown = bench.server.resident() - before
    print(f"60 clients that ask for 0.2 MB each and do not read: {grown:.0f} MB")
    for reader in readers:
        reader.close()


def main():
    here = pathlib.Path(__file__).resolve().parents[2]
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", default=here / ".build/release/crisp-server")
    parser.add_argument("--crisp", default=here / ".build/release/crisp")
    parser.add_argument("--limit", type=float, default=50)
    parser.add_argument("--only", default="", help="requests to send: a pattern of route and name")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data, net, database = f"{folder}/data.npz", f"{folder}/net.safetensors", f"{folder}/db"
        names = data_set(data)
        def command(*arguments):
            done = subprocess.run(list(map(str, arguments)), capture_output=True, text=True)
            if done.returncode:
                raise RuntimeError(f"{arguments}: {done.stderr}")
        command(options.crisp, "train", "--arch", "resnet20", "--width", "0.25", "--data", data,
                "--out", net, "--epochs", "1")
        command(options.server, "dataset", "add", "--db", database, "noise", data)
        command(options.server, "base-model", "add", "--db", database, "net", net, "--dataset", "noise")
        add_many_labels(database, net)
        limits = ["--queue-limit-per-user", "200", "--posts-per-minute", "1000000"]
        with Server(str(options.server), database, *limits) as server:
            model = prepare(server, names)
        with Server(str(options.server), database, *limits, "--workers", "0") as server:
            fill_queue(server, names)
            print(f"{'route':32} {'request':44} {'bytes':>9} {'':4} {'answer':>8} {'CPU ms':>9}")
            bench = Bench(server, options.only)
            for _ in range(20):
                bench.request("GET", "/readyz")
            run(bench, names, model)
            fill_with_many(server)
            run_many(bench)
            if server.process.poll() is not None:
                sys.exit("the server ended")
    slow = [row for row in bench.rows if row[5] > options.limit and not row[6]]
    wrong = [row for row in bench.rows if row[3] >= 500]
    for row in slow:
        print(f"SLOW: {row[0]}, {row[1]}: {row[5]:.0f} ms of {options.limit:.0f}")
    for row in wrong:
        print(f"WRONG: {row[0]}, {row[1]}: {row[3]}")
    worst = max((row for row in bench.rows if not row[6]), key=lambda row: row[5], default=None)
    if worst is None:
        sys.exit("nothing was measured")
    print(f"worst: {worst[5]:.1f} ms of CPU ({worst[0]}, {worst[1]})")
    sys.exit(1 if slow or wrong else 0)


main()
