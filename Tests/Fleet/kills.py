#!/usr/bin/env python3
"""Two API servers and three workers on one PostgreSQL database, under load, while everything that can die is
killed: and what is left is looked at.

    Tests/Fleet/kills.py [KILLS] [--objects] [--seed N] [--keep]      (or make test-fleet KILLS=200)

Killed are API servers, workers, processes of jobs, backends of PostgreSQL (which then ends all of them and
recovers) and PgBouncer; workers are stopped beyond their lease, connections cut, a worker's clock set by two
minutes; in the middle the database fails over to its standby. With --objects the bytes are in SeaweedFS, which
is killed too. Everything is on loopback, in a folder that goes away, and ended by its number.
"""

import argparse
import collections
import json
import os
import pathlib
import random
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time

from clients import Client, Ledger
from processes import HOST, Bouncer, Postgres, Process, Proxy, free_port, wait_until

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("CRISP_BIN", ROOT / ".build/release"))
LEASE = 2
FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"
BODY = {
    "classes": ["a", "c"], "block": 8, "target": {"sparsity": 0.8},
    "recipe": {"iterations": 2, "dense_epochs": 0, "final_epochs": 1, "samples_per_class": 16,
               "batch_size": 16, "saliency_batches": 1},
}
# How often each, relative to the others.
KINDS = {"api": 3, "worker": 4, "job process": 4, "backend": 3, "bouncer": 1, "pause": 2, "cut": 3, "clock": 2,
         "objects": 2}


def write_dataset(folder):
    """Five classes of 8x8 pixels, a bright square each in another place, as IDX files."""
    folder.mkdir()
    generator = random.Random(1)
    for split, count in (("train", 40), ("t10k", 10)):
        labels = bytes(label for _ in range(count) for label in range(5))
        pixels = bytearray()
        for label in labels:
            top, left = ((0, 0), (0, 4), (4, 0), (4, 4), (2, 2))[label]
            for y in range(8):
                for x in range(8):
                    inside = top <= y < top + 4 and left <= x < left + 4
                    pixels.append((90 if inside else 0) + generator.randrange(120))
        (folder / f"{split}-images-idx3-ubyte").write_bytes(
            struct.pack(">IIII", 0x803, len(labels), 8, 8) + pixels)
        (folder / f"{split}-labels-idx1-ubyte").write_bytes(struct.pack(">II", 0x801, len(labels)) + labels)
    (folder / "labels.txt").write_text("a\nb\nc\nd\ne\n")


class World:
    def __init__(self, folder, has_objects):
        self.folder = folder
        os.chmod(folder, 0o755)
        self.objects = Objects(folder) if has_objects else None
        self.flags = self.objects.flags if self.objects else []
        self.serving = [*self.flags, "--cache", str(folder / "cache")] if self.objects else []
        self.primary = Postgres("primary", folder)
        self.primary.sql("CREATE DATABASE crisp")
        self.standby = Postgres("standby", folder, self.primary)
        self.primary.wait_for_standby()
        self.bouncer = Bouncer(folder, self.primary)
        self.proxies = [Proxy(self.primary.port), Proxy(self.standby.port)]
        self.current = self.primary
        self.direct = self.uri(self.primary.port, self.standby.port)
        self.run("crisp-server", "migrate", "--db", self.direct)
        write_dataset(folder / "data")
        self.run("crisp", "train", "--arch", "resnet20", "--width", "0.25", "--epochs", "1", "--threads", "1",
                 "--json", "--data", folder / "data", "--out", folder / "base.safetensors")
        self.run("crisp-server", "dataset", "add", "--db", self.direct, "squares", folder / "data",
                 *self.flags)
        self.run("crisp-server", "base-model", "add", "--db", self.direct, "net", folder / "base.safetensors",
                 "--dataset", "squares", *self.flags)
        self.start()

    @staticmethod
    def uri(*ports):
        return f"postgresql://crisp@{','.join(f'{HOST}:{port}' for port in ports)}/crisp?connect_timeout=2"

    def run(self, program, *words):
        done = subprocess.run([BIN / program, *map(str, words)], capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"{program} {words}: {done.stdout}{done.stderr}")
        return done.stdout

    def start(self):
        """Each process has its own way to the database: direct, through the proxy, through PgBouncer."""
        proxied = self.uri(*(proxy.port for proxy in self.proxies))
        bounced = self.uri(self.bouncer.port, self.standby.port)
        self.ports = [free_port(), free_port()]
        common = ["--lease", LEASE, "--threads-per-worker", 1, "--log-level", "warning"]
        self.servers = [
            Process(f"api{number}", [
                BIN / "crisp-server", "--db", uri, "--port", port, "--workers", 0, "--posts-per-minute", 1000000,
                "--queue-limit-per-user", 1000, "--max-job-seconds", 10000000, "--tidy-interval", 1, *common,
                *self.serving], self.folder)
            for number, (uri, port) in enumerate(zip((proxied, self.direct), self.ports))]
        self.workers = [
            Process(f"worker{number}", [
                BIN / "crisp-server", "worker", "--db", uri, "--port", 0, *common, *self.serving], self.folder)
            for number, uri in enumerate((proxied, bounced))]
        self.workers.append(self.worker_with_clock())

    def worker_with_clock(self):
        """One whose time of day is set; waits and the monotonic clock are the kernel's. Under libfaketime
        Swift finds no arguments, so that it is a server with a worker, told by variables."""
        self.clock = self.folder / "clock"
        self.clock.write_text("+0\n")
        self.has_clock = pathlib.Path(FAKETIME).exists()
        faked = {
            "LD_PRELOAD": FAKETIME, "FAKETIME_TIMESTAMP_FILE": str(self.clock), "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        } if self.has_clock else {}
        settings = {
            "CRISP_DB": self.direct, "CRISP_PORT": "0", "CRISP_WORKERS": "1", "CRISP_LEASE": str(LEASE),
            "CRISP_THREADS_PER_WORKER": "1", "CRISP_LOG_LEVEL": "warning", "CRISP_TIDY_INTERVAL": "1",
        }
        for flag, value in zip(self.serving[::2], self.serving[1::2]):
            settings["CRISP_" + flag.removeprefix("--").upper().replace("-", "_")] = value
        return Process("worker2", [BIN / "crisp-server"], self.folder, {**faked, **settings})

    # Each kill returns whether there was one.

    def kill(self, kind, generator):
        return getattr(self, "kill_" + kind.replace(" ", "_"))(generator)

    def kill_api(self, generator):
        return self.restart(generator.choice(self.servers))

    def kill_worker(self, generator):
        return self.restart(generator.choice(self.workers))

    def kill_bouncer(self, _):
        return self.restart(self.bouncer)

    def kill_objects(self, _):
        if self.objects:
            self.objects.restart()
        return self.objects is not None

    @staticmethod
    def restart(process):
        process.kill()
        process.start()
        return True

    def kill_job_process(self, generator):
        found = [pid for worker in self.workers for pid in worker.children()]
        return self.send(generator.choice(found), signal.SIGKILL) if found else False

    def kill_backend(self, generator):
        found = self.current.backends()
        return self.send(generator.choice(found), signal.SIGKILL) if found else False

    @staticmethod
    def send(pid, number):
        try:
            os.kill(pid, number)
            return True
        except ProcessLookupError:
            return False

    def kill_pause(self, generator):
        worker = generator.choice(self.workers)
        worker.send(signal.SIGSTOP)
        time.sleep(LEASE + 0.5)
        worker.send(signal.SIGCONT)
        return True

    def kill_cut(self, _):
        return sum(proxy.cut() for proxy in self.proxies) > 0

    def kill_clock(self, generator):
        self.clock.write_text(generator.choice(("+120\n", "-120\n", "+0\n")))
        return self.has_clock

    def fail_over(self):
        self.primary.process.kill()
        self.standby.promote()
        self.current = self.standby


def faults(world, ledger):
    """What must not be, now that all is quiet."""
    found = list(ledger.wrong)

    def sql(text):
        return world.current.sql(text, "crisp")

    def none(what, text):
        count = sql(f"SELECT count(*) FROM ({text}) t")
        if count != "0":
            found.append(f"{what}: {count}")

    known = dict(row.split("|") for row in sql("SELECT id, status FROM jobs").splitlines())
    lost = [job for _, _, job in ledger.jobs.values() if job not in known]
    if lost:
        found.append(f"acknowledged and gone: {lost}")
    none("jobs that have not ended", "SELECT 1 FROM jobs WHERE status IN ('queued', 'running')")
    none("leases of jobs that have ended", "SELECT 1 FROM job_leases")
    none("checkpoints of jobs that have ended", "SELECT 1 FROM checkpoints")
    none("successes without a model, or with another's", """
        SELECT 1 FROM jobs j LEFT JOIN models m ON m.job = j.number
        WHERE j.status = 'succeeded' AND m.number IS DISTINCT FROM j.result_model""")
    none("models published twice", "SELECT job FROM models GROUP BY job HAVING count(*) > 1")
    none("models of jobs without success", """
        SELECT 1 FROM models m JOIN jobs j ON j.number = m.job WHERE j.status <> 'succeeded'""")
    none("requests joined to one fingerprint that made two jobs", """
        SELECT fingerprint FROM jobs WHERE status = 'succeeded' GROUP BY fingerprint HAVING count(*) > 1""")
    # As if the grace were over; the servers then tidy up within a second.
    sql("UPDATE blobs SET touched_at = touched_at - 7200000")
    orphans = """SELECT 1 FROM blobs b WHERE b.digest IS NULL OR NOT EXISTS (
        SELECT 1 FROM models WHERE blob = b.digest UNION ALL SELECT 1 FROM model_files WHERE blob = b.digest
        UNION ALL SELECT 1 FROM base_models WHERE blob = b.digest
        UNION ALL SELECT 1 FROM checkpoints WHERE blob = b.digest)"""
    try:
        wait_until("the orphans to go", lambda: sql(f"SELECT count(*) FROM ({orphans}) t") == "0", 30)
    except SystemExit as error:
        found.append(str(error))
    none("chunks of no blob", "SELECT 1 FROM blob_chunks c LEFT JOIN blobs b ON b.number = c.blob "
         "WHERE b.number IS NULL")
    # Each model, whole and as it was.
    reader = Client(999, ledger, BODY)
    for model, (job, _) in sorted(ledger.models.items()):
        try:
            reader.download(job, model)
        except Exception as error:
            found.append(f"{model}: {error}")
    for row in sql("SELECT id FROM models").splitlines():
        _, data = ledger.call(reader.random, "GET", f"/models/{row}")
        path = world.folder / "model.crisp.safetensors"
        path.write_bytes(data)
        done = subprocess.run([BIN / "crisp", "inspect", path], capture_output=True, text=True)
        if done.returncode:
            found.append(f"{row} cannot be opened: {done.stderr}")
    checked = subprocess.run(
        [BIN / "crisp-server", "check", "--db", world.direct, *world.flags], capture_output=True, text=True)
    if checked.returncode:
        found.append(f"check: {checked.stdout}{checked.stderr}")
    return found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("kills", type=int, nargs="?", default=12)
    parser.add_argument("--seed", type=int, default=20261130)
    parser.add_argument("--objects", action="store_true", help="keep bytes in an object store")
    parser.add_argument("--keep", action="store_true", help="keep the folder with everybody's log")
    options = parser.parse_args()
    # So that whatever runs is ended then, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    generator = random.Random(options.seed)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="crisp-kills."))
    start, kills = time.monotonic(), collections.Counter()
    try:
        # Within, because setting up may fail when half of it runs.
        world = World(folder, options.objects)
        wait_until("the servers", lambda: all(ready(port) for port in world.ports))
        ledger = Ledger(world.ports)
        clients = [Client(number, ledger, BODY) for number in range(4)]
        for client in clients:
            client.start()
        untried = list(KINDS)
        end = time.monotonic() + 60 + 4 * options.kills
        while sum(kills.values()) < options.kills and not ledger.wrong and time.monotonic() < end:
            if sum(kills.values()) >= options.kills // 2 and not kills["fail-over"]:
                world.fail_over()
                kills["fail-over"] += 1
                continue
            # Each kind once, then by chance. What is not there just now may be later.
            kind = untried.pop(0) if untried else generator.choices(list(KINDS), KINDS.values())[0]
            if world.kill(kind, generator):
                kills[kind] += 1
            elif kind not in kills and kind not in ("clock", "objects"):
                untried.append(kind)
            time.sleep(generator.uniform(0.1, 0.9))
        ledger.is_ending = True
        for client in clients:
            client.join(200)
        found = faults(world, ledger)
        ends = collections.Counter(ledger.ends.values())
        print(f"fleet: {sum(kills.values())} kills in {time.monotonic() - start:.0f} s "
              f"({', '.join(f'{count} {kind}' for kind, count in kills.most_common())}); "
              f"{len(ledger.jobs)} acknowledged requests are there, their jobs "
              f"{', '.join(f'{count} {end}' for end, count in ends.most_common())}; "
              f"{len(ledger.models)} models whole, {ledger.streams} event streams without gap, "
              f"{ledger.excuses} calls repeated")
        for fault in found:
            print(f"fleet: {fault}", file=sys.stderr)
        if found:
            options.keep = True
        return 1 if found else 0
    finally:
        Process.end_every()
        if options.keep:
            print(f"fleet: logs are in {folder}", file=sys.stderr)
        else:
            shutil.rmtree(folder, ignore_errors=True)


def ready(port):
    import http.client
    try:
        connection = http.client.HTTPConnection(HOST, port, timeout=5)
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(main())
