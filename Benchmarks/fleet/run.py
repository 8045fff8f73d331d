#!/usr/bin/env python3
"""What the queue takes on PostgreSQL: cycles of claim, heartbeat and publish by workers that do nothing, on an
empty database and after a million jobs, with a transaction held open; what clients of API servers see; and 1,000
workers that sleep.

    Benchmarks/fleet/run.py [cycles] [scale] [live] [download] [drain] [--rounds N] [--seconds N] [--plot FILE.svg]

(or make bench-fleet). Starts PostgreSQL as it comes, on loopback, in a folder that goes away. Prints tables.
"""

import argparse
import json
import os
import pathlib
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "Benchmarks/service")]
from answers import run_download, run_live  # noqa: E402
from server import latencies, percentiles  # noqa: E402

QUEUE = ROOT / "Benchmarks/.build/release/fleet-queue"
SERVER = ROOT / ".build/release/crisp-server"


class Database:
    def __init__(self, folder):
        subprocess.run([ROOT / "Tests/Fleet/postgres.sh", folder], check=True)
        line = (folder / "postgres.env").read_text().strip()
        self.server = line.partition("CRISP_TEST_POSTGRES=")[2]
        self.pid = int((folder / "postgres.pid").read_text())
        self.uri = self.server.removesuffix("/postgres") + "/crisp"
        self.count = 0

    def sql(self, text, uri=None):
        done = subprocess.run(["psql", "-XAtq", uri or self.uri, "-c", text], capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(done.stderr)
        return done.stdout.strip()

    def renew(self, users, queued, finished=0):
        """Tables with so many users and jobs, which take turns."""
        self.count = 0
        self.sql("DROP DATABASE IF EXISTS crisp WITH (FORCE)", self.server)
        self.sql("CREATE DATABASE crisp", self.server)
        subprocess.run([SERVER, "migrate", "--db", self.uri], check=True, stdout=subprocess.DEVNULL)
        self.sql(f"""
            INSERT INTO blobs (digest, size, touched_at) VALUES ('{'0' * 64}', 1, crisp_now());
            INSERT INTO datasets VALUES ('data', '/nowhere', 'idx', '{'0' * 64}', '["a"]', '{{}}', NULL, 0);
            INSERT INTO base_models VALUES
              ('net', 'x', '{'0' * 64}', 'data', '["a"]', '{'0' * 64}', 1, '{{}}', true, 0);
            INSERT INTO users SELECT 'user ' || n, 0 FROM generate_series(0, {users - 1}) n""")
        if finished:
            self.insert(finished, users, "succeeded")
        self.insert(queued, users, "queued")
        self.sql("VACUUM ANALYZE")
        self.sql("CHECKPOINT")

    def insert(self, count, users, status):
        """Without a look at references, which are right: that takes longer than all the rest."""
        first, self.count = self.count, self.count + count
        rows = f"FROM generate_series({first + 1}, {self.count}) n"
        is_done = status == "succeeded"
        statements = ["SET session_replication_role = replica", f"""
            INSERT INTO jobs (number, id, owner, status, priority, turn, cost, fingerprint, base_model, profile,
              class_count, recipe, seed, metadata, created_at, finished_at, result_model)
            OVERRIDING SYSTEM VALUE SELECT n, 'job_' || lpad(to_hex(n), 24, '0'), 'user ' || n % {users},
              '{status}', 0, (n - {first}) / {users}, 1, encode(sha256(n::text::bytea), 'hex'), 'net',
              '[{{"class":"a","weight":1}}]', 1, '{{}}', n, '{{}}', 0,
              {"0, n" if is_done else "NULL, NULL"} {rows}""",
            f"INSERT INTO job_requesters SELECT 'user ' || n % {users}, n, 0, 0, 0 {rows}",
            f"SELECT setval(pg_get_serial_sequence('jobs', 'number'), {self.count})"]
        if is_done:
            statements += [f"""
                INSERT INTO models (number, id, fingerprint, job, base_model, blob, size, labels, label_count,
                  card, metadata, created_at, used_at)
                OVERRIDING SYSTEM VALUE SELECT n, 'model_' || lpad(to_hex(n), 24, '0'),
                  encode(sha256(n::text::bytea), 'hex'), n, 'net', repeat('0', 64), 1, '["a"]', 1, '{{}}', '{{}}',
                  0, 0 {rows}""",
                f"INSERT INTO model_users SELECT 'user ' || n % {users}, n, 0 {rows}",
                f"SELECT setval(pg_get_serial_sequence('models', 'number'), {self.count})"]
        self.sql("; ".join(statements))

    def processor_seconds(self):
        """Of all its processes; those that ended count with their parent."""
        ticks = 0
        for entry in pathlib.Path("/proc").iterdir():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                if int(entry.name) == self.pid:
                    ticks += sum(map(int, fields[11:15]))
                elif int(fields[1]) == self.pid:
                    ticks += sum(map(int, fields[11:13]))
            except (OSError, ValueError, IndexError):
                continue
        return ticks / os.sysconf("SC_CLK_TCK")

    def commits(self):
        return int(self.sql("SELECT xact_commit FROM pg_stat_database WHERE datname = 'crisp'"))


def cycles(database, seconds):
    done = subprocess.run(
        [QUEUE, "cycles", database.uri, "8", str(seconds)], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def holding(database):
    """A transaction that sees everything as it was when it began."""
    process = subprocess.Popen(["psql", "-Xq", database.uri], stdin=subprocess.PIPE, text=True)
    process.stdin.write("BEGIN ISOLATION LEVEL REPEATABLE READ;\nSELECT count(*) FROM users \\g /dev/null\n")
    process.stdin.flush()
    time.sleep(0.5)
    return process


def row(name, runs):
    def middle(key):
        return statistics.median(run[key] for run in runs)

    rates = [run["rate"] for run in runs]
    print(f"| {name} | {middle('rate'):,.0f} ({min(rates):,.0f}–{max(rates):,.0f}) | {middle('claim_p50'):.1f} | "
          f"{middle('claim_p99'):.1f} | {middle('cycle_p99'):.1f} |", flush=True)
    return middle("rate")


HEAD = "| | cycles a second | claim p50, ms | claim p99, ms | cycle p99, ms |\n|---|---|---|---|---|"


def run_cycles(database, options):
    """In turns, so that whatever else the machine does falls on both."""
    database.renew(users=1000, queued=200_000)
    cycles(database, 2)
    alone, held = [], []
    for _ in range(options.rounds):
        alone.append(cycles(database, options.seconds))
        holder = holding(database)
        held.append(cycles(database, options.seconds))
        holder.stdin.close()
        holder.wait()
    print(f"\n## Cycles of 8 workers\n\n{HEAD}")
    first = row("1,000 users, nothing finished", alone)
    second = row("with a REPEATABLE READ transaction held open", held)
    print(f"\nThe open transaction takes {100 * (1 - second / first):.1f} % of the rate.")


def run_scale(database, options):
    database.renew(users=1000, queued=80_000)
    cycles(database, 2)
    small = [cycles(database, options.seconds) for _ in range(options.rounds)]
    database.renew(users=100_000, queued=80_000, finished=1_000_000)
    cycles(database, 2)
    large = [cycles(database, options.seconds) for _ in range(options.rounds)]
    print(f"\n## After a million jobs\n\n{HEAD}")
    first = row("1,000 users, nothing finished", small)
    second = row("100,000 users, a million finished jobs and models", large)
    print(f"\nThe rate is {100 * second / first:.0f} % of the first.")
    from server import Server
    generator = random.Random(1)
    with Server(SERVER, database.uri, "--workers", "0", "--tidy-interval", "86400") as server:
        targets = [f"/jobs/job_{generator.randrange(1, 1_000_000):024x}" for _ in range(500)]
        latencies(server, targets, 100, 1)
        runner = threading.Thread(target=lambda: large.append(cycles(database, options.seconds)))
        runner.start()
        print(f"\nGET /jobs/{{id}} meanwhile, 100 a second: "
              f"{percentiles(latencies(server, targets, 100, options.seconds - 1))}.")
        runner.join()


def run_drain(database, options):
    database.renew(users=2000, queued=100_000)
    commits, processor, start = database.commits(), database.processor_seconds(), time.monotonic()
    done = subprocess.run(
        [QUEUE, "drain", database.uri, "1000", "1000", *([options.plot] if options.plot else [])],
        capture_output=True, text=True, check=True)
    taken = time.monotonic() - start
    result = json.loads(done.stdout)
    time.sleep(1.5)
    commits, processor = database.commits() - commits, database.processor_seconds() - processor
    print("\n## 1,000 workers that sleep for a second on average, 100,000 jobs of 2,000 users\n")
    print("| jobs taken | after, s | user with fewest | user with most |\n|---|---|---|---|")
    for point in result["points"]:
        print(f"| {point['jobs']:,} | {point['seconds']:.0f} | {point['least']} | {point['most']} |")
    print(f"\n{result['jobs'] / taken:,.0f} jobs a second; PostgreSQL: {commits / taken:,.0f} transactions a second, "
          f"{processor / taken:.2f} processors.", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("parts", nargs="*", default=["cycles", "scale", "live", "download", "drain"])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=6)
    parser.add_argument("--plot", help="where to draw how the 1,000 workers' jobs fall on users")
    options = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="crisp-bench."))
    try:
        database = Database(folder)
        print(subprocess.run("lscpu | sed -n 's/^Model name: *//p'", shell=True, capture_output=True,
                             text=True).stdout.strip())
        parts = {"cycles": run_cycles, "scale": run_scale, "live": run_live, "download": run_download,
                 "drain": run_drain}
        for part in options.parts:
            parts[part](database, options)
    finally:
        pid = folder / "postgres.pid"
        if pid.exists():
            os.kill(int(pid.read_text()), signal.SIGINT)
            time.sleep(2)
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
