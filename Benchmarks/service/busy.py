"""How fast GET /jobs/{id} is answered while every core prunes (issue: p99 below 50 ms).

    busy.py CRISP_SERVER [SECONDS]

Once idle, once with as many single-threaded workers as cores, once with one worker on all cores.
"""

import os
import sys
import tempfile

from server import Server, latencies, percentiles

PROGRAM, SECONDS = sys.argv[1], float(sys.argv[2]) if len(sys.argv) > 2 else 20
RATE = 200
ENDLESS = {"dense_epochs": 1000, "samples_per_class": 1000}


def busy_cores(server):
    """Processor seconds a second that the server has used since the last call."""
    with open(f"/proc/{server.process.pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(name, workers, threads):
    with tempfile.TemporaryDirectory() as folder:
        options = ["--workers", str(max(1, workers)), "--threads-per-worker", str(threads)]
        with Server(PROGRAM, f"{folder}/crisp.sqlite", *options) as server:
            jobs = [
                server.call(
                    "POST", f"/users/u{seed}/classes",
                    {"classes": ["Bag", "Coat"], "seed": seed, "recipe": ENDLESS},
                )["id"]
                for seed in range(max(1, workers))
            ]
            for job in jobs:
                server.wait(job, "running")
                if workers == 0:
                    server.call("POST", f"/jobs/{job}/cancel")
                    server.wait(job, "cancelled")
                else:
                    while server.call("GET", f"/jobs/{job}")["progress"] is None:
                        pass
            before = busy_cores(server)
            results = latencies(server, [f"/jobs/{job}" for job in jobs], RATE, SECONDS)
            cores = (busy_cores(server) - before) / SECONDS
            print(f"{name}: {percentiles(results)}; {cores:.2f} cores busy in the server", flush=True)


cores = os.cpu_count()
print(f"GET /jobs/{{id}}, {RATE} a second for {SECONDS:.0f} s, {cores} cores")
measure("idle", 0, 1)
measure(f"{cores} workers x 1 thread", cores, 1)
measure(f"1 worker x {cores} threads", 1, cores)
