"""How fast GET /jobs/{id} and /readyz are answered beside slow work (bound: p99 of 20 ms).

    lanes.py CRISP_SERVER [SECONDS] [CASE...]

Cases: idle; digest, a data set of 100,000 files; predict, 64 clients that send pictures of 25 megapixels
(PNG and progressive JPEG); measure, this device measured under ever new patterns; hostile, 16 clients
that post the dearest bodies known. The clients that make the load run at the lowest priority, so that
the server and not they decide how cores are shared. Standard library only.
"""

import contextlib
import http.client
import json
import multiprocessing
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import time
import zlib

from server import Server, percentiles

PROGRAM = sys.argv[1]
SECONDS = float(sys.argv[2]) if len(sys.argv) > 2 else 15
CASES = sys.argv[3:] or ["idle", "digest", "predict", "measure", "hostile"]
RATE = 100
LABELS = [
    "T-shirt", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag",
    "Ankle boot",
]
SIDE = 5000
ROOT = pathlib.Path(__file__).resolve().parents[2]
BASE_MODEL = ROOT / "Sources/CEmbeddedModel/resnet18-fashion-mnist.safetensors"


# Pictures

def png(side, noise=b""):
    def chunk(kind, data):
        body = kind + data
        return len(data).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")

    head = side.to_bytes(4, "big") * 2 + bytes([8, 0, 0, 0, 0])
    row = (noise + bytes(side))[:side]
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(
        b"IDAT", zlib.compress((b"\0" + row) * side, 6)) + chunk(b"IEND", b"")


def progressive_jpeg(side, bands=8):
    """A grey picture: a scan of means, then scans of details that say that there are none."""
    def segment(marker, data):
        return bytes([0xFF, marker]) + (len(data) + 2).to_bytes(2, "big") + data

    def bits(text):
        text += "1" * (-len(text) % 8)
        data = bytes(int(text[i:i + 8], 2) for i in range(0, len(text), 8))
        return data.replace(b"\xff", b"\xff\0")

    def scan(first, last, text):
        return segment(0xDA, bytes([1, 1, 0, first, last, 0])) + bits(text)

    blocks = (-(-side // 8)) ** 2
    picture = b"\xff\xd8" + segment(0xDB, bytes([0]) + b"\x01" * 64)
    picture += segment(0xC2, bytes([8]) + side.to_bytes(2, "big") * 2 + bytes([1, 1, 0x11, 0]))
    # One code of one bit each: no difference; and the end of 2**14 blocks and more.
    picture += segment(0xC4, bytes([0x00, 1]) + bytes(15) + b"\x00")
    picture += segment(0xC4, bytes([0x10, 1]) + bytes(15) + b"\xe0")
    picture += scan(0, 0, "0" * blocks)
    ends, left = "", blocks
    while left >= 1 << 14:
        run = min(left, (1 << 15) - 1)
        ends += "0" + format(run - (1 << 14), "014b")
        left -= run
    if left:
        # The rest in one code of its own would need another table: leave the data short.
        ends += "0" + format(0, "014b")
    width = 63 // bands
    for band in range(bands):
        picture += scan(1 + band * width, 63 if band == bands - 1 else (band + 1) * width, ends)
    return picture + b"\xff\xd9"


# Load, each in a process of its own at the lowest priority

def post_forever(port, bodies, clients, counts):
    os.nice(19)

    def client(number):
        step = 0
        while True:
            with contextlib.suppress(OSError, http.client.HTTPException):
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
                while True:
                    path, kind, body = bodies[(number + step) % len(bodies)]
                    step += 1
                    connection.request(
                        "POST", path.replace("USER", f"u{number}-{step}"), body,
                        {"Content-Type": kind})
                    answer = connection.getresponse()
                    answer.read()
                    with counts.get_lock():
                        counts[answer.status // 100] += 1
                    if answer.status == 503:
                        time.sleep(0.05)

    threads = [threading.Thread(target=client, args=(n,), daemon=True) for n in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@contextlib.contextmanager
def load(server, bodies, clients):
    counts = multiprocessing.Array("l", 6)
    process = multiprocessing.Process(
        target=post_forever, args=(server.port, bodies, clients, counts), daemon=True)
    process.start()
    time.sleep(1)
    for index in range(6):
        counts[index] = 0
    try:
        yield counts
    finally:
        process.kill()
        process.join()


# What is measured

def probe(server, targets, seconds, goes_on=lambda: True):
    """Milliseconds of GETs at a steady rate, from when each was due. One that fails took for ever."""
    results, failures, lock = [], [], threading.Lock()
    start = time.monotonic() + 0.1

    def work(target):
        connection, number = server.connection(), 0
        while number < RATE * seconds and goes_on():
            due = start + number / RATE
            number += 1
            time.sleep(max(0, due - time.monotonic()))
            try:
                connection.request("GET", target)
                answer = connection.getresponse()
                answer.read()
                status = answer.status
            except (OSError, http.client.HTTPException) as error:
                status = error
                connection.close()
            with lock:
                results.append((time.monotonic() - due) * 1000)
                if status != 200:
                    failures.append(status)
            if time.monotonic() > start + seconds + 30:
                break

    threads = [threading.Thread(target=work, args=(target,)) for target in targets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(results), failures


def show(name, results, failures, note=""):
    lost = f"; {len(failures)} failed, first {failures[0]}" if failures else ""
    print(f"{name}: {percentiles(results)} of {len(results)}{lost}{note}", flush=True)


def finished_job(server):
    job = server.call("POST", "/users/bench/classes", {
        "classes": ["Bag", "Coat"], "epochs": 0,
        "recipe": {"iterations": 1, "dense_epochs": 0, "final_epochs": 0,
                   "samples_per_class": 16}})["id"]
    server.wait(job, "succeeded")
    return job, server.call("GET", f"/jobs/{job}")["result_model"]


def loaded(name, server, job, bodies, clients):
    with load(server, bodies, clients) as counts:
        results, failures = probe(server, [f"/jobs/{job}", "/readyz"], SECONDS)
        done = f"; meanwhile {counts[2]} of 2xx, {counts[4]} of 4xx, {counts[5]} of 5xx"
    show(name, results, failures, done)


def hostile_bodies():
    path, kind = "/users/USER/classes", "application/json"

    def body(value):
        return (path, kind, value if isinstance(value, bytes) else json.dumps(value).encode())

    deep = {"classes": ["Bag"], "metadata": {}}
    nested = json.dumps(deep).replace("{}", '{"a":' + "[" * 480 + "]" * 480 + "}").encode()
    return [
        body(nested),
        body({"classes": [f"Trousers and other things {n}" for n in range(900)]}),
        body({"classes": ["x" * 250 + str(n) for n in range(900)]}),
        body({"classes": ["Bag"], "metadata": {f"k{n}": [n] for n in range(15000)}}),
        body(b'{"classes":' + b"[" * 250_000),
        body(b'{"classes":["' + b"\\u00e9" * 40_000 + b'"]}'),
    ]


def digest_case():
    with tempfile.TemporaryDirectory() as folder:
        data, database = pathlib.Path(folder, "pictures"), f"{folder}/crisp.sqlite"
        picture = png(28, bytes(range(28)))
        for split, count in ("train", 9_900), ("test", 100):
            for label in LABELS:
                inside = data / split / label
                inside.mkdir(parents=True)
                for number in range(count):
                    (inside / f"{number}.png").write_bytes(picture)
        names = ["one", "two", "three"]
        for name in names:
            for arguments in (
                ["dataset", "add", "--db", database, name, str(data)],
                ["base-model", "add", "--db", database, name, str(BASE_MODEL), "--dataset", name],
            ):
                subprocess.run([PROGRAM, *arguments], check=True, stdout=subprocess.DEVNULL)
        # Other times of modification: the server reads all of them again.
        for file in data.glob("*/*/*.png"):
            os.utime(file, (1, 1))
        results, failures = [], []
        with Server(PROGRAM, database) as server:
            for name in names:
                job = server.call(
                    "POST", "/users/bench/classes", {"classes": ["Bag", "Coat"], "base_model": name}
                )["id"]
                server.wait(job, "running")
                is_loading = [True]

                def watch():
                    while server.call("GET", f"/jobs/{job}")["progress"] is None:
                        time.sleep(0.05)
                    is_loading[0] = False

                watcher = threading.Thread(target=watch)
                watcher.start()
                more = probe(server, [f"/jobs/{job}", "/readyz"], 60, lambda: is_loading[0])
                watcher.join()
                results += more[0]
                failures += more[1]
                server.call("POST", f"/jobs/{job}/cancel")
                server.wait(job, "cancelled", "succeeded", "failed")
        show("digest of 100,000 files", sorted(results), failures)


def other_case(case):
    with tempfile.TemporaryDirectory() as folder:
        environment = {"XDG_CACHE_HOME": folder}
        os.environ.update(environment)
        database = f"{folder}/crisp.sqlite"
        with Server(PROGRAM, database) as server:
            job, model = finished_job(server)
        # Otherwise the load would be refused before it costs anything.
        options = ["--workers", "0", "--queue-limit", "1000000"]
        if "--posts-per-minute" in subprocess.run(
                [PROGRAM, "serve", "--help"], capture_output=True, text=True).stdout:
            options += ["--posts-per-minute", "1000000"]
        with Server(PROGRAM, database, *options) as server:
            if case == "idle":
                show("idle", *probe(server, [f"/jobs/{job}", "/readyz"], SECONDS))
            elif case == "predict":
                path = f"/models/{model}/predictions"
                pictures = [
                    (path, "image/png", png(SIDE, os.urandom(SIDE))),
                    (path, "image/jpeg", progressive_jpeg(SIDE)),
                ]
                loaded("64 clients with pictures of 25 megapixels", server, job, pictures, 64)
            elif case == "measure":
                patterns = [
                    ("/users/USER/classes", "application/json", json.dumps({
                        "classes": ["Bag", "Coat"], "target": {"latency_ms": 1000},
                        "pattern": {"keep": keep, "of": 4}, "block": block, "rows": rows}).encode())
                    for block in (8, 16, 32, 64) for rows in (1, 2, 4, 8) for keep in (1, 2, 3)
                ]
                loaded("a device measured", server, job, patterns, 2)
            elif case == "hostile":
                loaded("16 clients with hostile bodies", server, job, hostile_bodies(), 16)


processor = next(
    line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name"))
print(f"GET /jobs/{{id}} and /readyz, {RATE} a second each; {os.cpu_count()} cores, {processor}")
for case in CASES:
    if case == "digest":
        digest_case()
    else:
        other_case(case)
