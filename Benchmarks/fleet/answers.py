"""What clients of a fleet's API servers see: when a change reaches them, and how fast a model comes that is in the
object store. Used by run.py."""

import contextlib
import hashlib
import os
import pathlib
import statistics
import subprocess
import tempfile
import threading
import time

from server import MODEL, Server

ROOT = pathlib.Path(__file__).resolve().parents[2]
SERVER = ROOT / ".build/release/crisp-server"


def run_live(database, options):
    """From an event's commit, by nobody of this machine's servers, to a client who follows the job's stream."""
    database.renew(users=10, queued=100)
    changes = 20 * options.rounds
    with Server(SERVER, database.uri, "--workers", "0") as server:
        job = f"job_{1:024x}"
        connection = server.connection()
        connection.request("GET", f"/jobs/{job}/events")
        stream = connection.getresponse()
        delays, arrived = [], threading.Semaphore(0)

        def follow():
            for line in stream:
                if b"written at " in line:
                    now = time.time() * 1000
                    delays.append(now - int(line.split(b"written at ")[1].split(b'"')[0]))
                    arrived.release()

        threading.Thread(target=follow, daemon=True).start()
        for number in range(changes):
            # Not in step with the server's looks.
            time.sleep(0.05 + (number % 20) * 0.025)
            database.sql(
                "INSERT INTO job_events (job, sequence, level, type, message, created_at) SELECT 1, "
                f"{number + 1}, 'info', 'note', 'written at ' || crisp_now(), crisp_now()")
            if not arrived.acquire(timeout=10):
                raise SystemExit(f"event {number + 1} does not arrive")
        connection.close()
    delays.sort()
    print(f"\n## From commit to client\n\n{changes} events of a job, each committed elsewhere, on another server's "
          f"stream: p50 {statistics.median(delays):.0f} ms, p99 {delays[int(0.99 * len(delays))]:.0f} ms, "
          f"worst {delays[-1]:.0f} ms.", flush=True)


def run_download(database, options):
    """A model of 256 MiB, by curl from the object store and through an API server, in turns."""
    database.renew(users=1, queued=1)
    with tempfile.TemporaryDirectory(prefix="crisp-bench.") as name, contextlib.ExitStack() as stack:
        folder = pathlib.Path(name)
        subprocess.run([ROOT / "Tests/Fleet/seaweedfs.sh", folder], check=True)
        stack.callback(lambda: os.kill(int((folder / "seaweedfs.pid").read_text()), 15))
        for line in (folder / "seaweedfs.env").read_text().splitlines():
            name, _, value = line.removeprefix("export ").partition("=")
            os.environ[name] = value
        endpoint = os.environ["CRISP_TEST_S3"]
        signed = ["curl", "-sS", "--fail", "--noproxy", "*", "--aws-sigv4", "aws:amz:us-east-1:s3", "--user",
                  f"{os.environ['AWS_ACCESS_KEY_ID']}:{os.environ['AWS_SECRET_ACCESS_KEY']}"]
        content = os.urandom(1 << 20) * 256
        digest = hashlib.sha256(content).hexdigest()
        (folder / "model").write_bytes(content)
        place = f"{digest[:2]}/{digest}/{1:016x}"
        direct = f"{endpoint}/crisp-test/bench/blobs/{place}"
        subprocess.run([*signed, "-T", folder / "model", direct], check=True, stdout=subprocess.DEVNULL)
        database.sql(f"""
            INSERT INTO blobs (digest, size, touched_at, place) VALUES
              ('{digest}', {len(content)}, crisp_now(), '{place}');
            INSERT INTO models (id, fingerprint, job, base_model, blob, size, labels, label_count, card, metadata,
              created_at, used_at) SELECT '{MODEL}', '{digest}', number, 'net', '{digest}', {len(content)}, '["a"]',
              1, '{{}}', '{{}}', 0, 0 FROM jobs LIMIT 1""")
        with Server(SERVER, database.uri, "--workers", "0", "--objects", "s3://crisp-test/bench", "--s3-endpoint",
                    endpoint) as server:
            ways = {
                "curl, from SeaweedFS": [*signed, direct],
                "curl, through an API server": ["curl", "-sS", "--fail", "--noproxy", "*",
                                                f"http://127.0.0.1:{server.port}/models/{MODEL}"],
            }
            times = {way: [] for way in ways}
            for turn in range(options.rounds + 1):
                for way, words in ways.items():
                    start = time.monotonic()
                    got = subprocess.run([*words, "-o", folder / "got"], check=False).returncode
                    taken = time.monotonic() - start
                    if got or (folder / "got").stat().st_size != len(content):
                        raise SystemExit(f"{way}: not the whole model")
                    if turn:  # the first is for caches
                        times[way].append(len(content) / taken / (1 << 20))
            resident = server.resident()
    print("\n## Download of 256 MiB\n\n| | MiB a second |\n|---|---|")
    for way, rates in times.items():
        print(f"| {way} | {statistics.median(rates):,.0f} ({min(rates):,.0f}–{max(rates):,.0f}) |")
    direct, through = (statistics.median(rates) for rates in times.values())
    print(f"\nThrough an API server: {100 * through / direct:.0f} % of SeaweedFS; the server has {resident:.0f} MB.",
          flush=True)
