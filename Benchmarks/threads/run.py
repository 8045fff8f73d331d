#!/usr/bin/env python3
"""Seconds that commands take with 1, 2, 4 and 8 threads on two cores, idle and with one of them busy.

    run.py CRISP [--turns 3] [--threads 1,2,4,8]

Prints a table, and fails when any number of threads takes more than 1.5 times the best of its row.
What else runs on these two cores changes the figures: the busy core is to be the only disturbance.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

ALLOWED = 1.5
ROOT = pathlib.Path(__file__).resolve().parents[2]
MODEL = ROOT / "Sources/CEmbeddedModel/resnet18-fashion-mnist.safetensors"
RECIPE = {"iterations": 1, "epochs_per_iteration": 1, "dense_epochs": 0, "final_epochs": 0,
          "samples_per_class": 32}


def processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return "an unnamed processor"


def seconds(command):
    start = time.monotonic()
    run = subprocess.run(command, capture_output=True, text=True, timeout=600)
    if run.returncode:
        sys.exit(f"{' '.join(map(str, command))}: {run.stderr}")
    return time.monotonic() - start


class Busy:
    """A program that never rests, on one core."""

    def __init__(self, core):
        self.core = core

    def __enter__(self):
        self.process = subprocess.Popen(
            [sys.executable, "-c", "while True: pass"],
            preexec_fn=lambda: os.sched_setaffinity(0, {self.core}))

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("crisp")
    arguments.add_argument("--turns", type=int, default=3)
    arguments.add_argument("--threads", default="1,2,4,8")
    options = arguments.parse_args()
    threads = [int(text) for text in options.threads.split(",")]
    cores = sorted(os.sched_getaffinity(0))[:2]
    if len(cores) < 2:
        sys.exit("this needs two cores")
    os.sched_setaffinity(0, cores)

    with tempfile.TemporaryDirectory() as folder:
        packed = pathlib.Path(folder, "packed.safetensors")
        prune = [options.crisp, "prune", "--model", MODEL, "--data", "fashion-mnist", "--classes",
                 "Sandal,Sneaker", "--recipe", json.dumps(RECIPE), "--out", packed]
        seconds(prune)
        commands = {
            "crisp bench, 5,000 pictures": [options.crisp, "bench", packed, "--rounds", "5000"],
            "crisp evaluate, 10,000 pictures": [
                options.crisp, "evaluate", MODEL, "--data", "fashion-mnist"],
            "crisp prune, one short iteration": prune,
        }
        print(f"{processor()}, two cores, seconds, median of {options.turns} turns\n")
        print("| threads | " + " | ".join(map(str, threads)) + " | worst : best |")
        print("|---|" + "---|" * (len(threads) + 1))
        slow = []
        for name, command in commands.items():
            for is_busy in (False, True):
                times = {count: [] for count in threads}
                for _ in range(options.turns):
                    for count in threads:
                        full = command + ["--threads", str(count)]
                        if is_busy:
                            with Busy(cores[1]):
                                times[count].append(seconds(full))
                        else:
                            times[count].append(seconds(full))
                found = [statistics.median(times[count]) for count in threads]
                ratio = max(found) / min(found)
                title = name + (", one core busy" if is_busy else "")
                print(f"| {title} | " + " | ".join(f"{value:.2f}" for value in found)
                      + f" | {ratio:.2f} |", flush=True)
                # One thread on two idle cores is slower because there is less of it.
                if max(found[1:] if not is_busy else found) > ALLOWED * min(found):
                    slow.append(title)
    if slow:
        sys.exit(f"more than {ALLOWED} times the best: {'; '.join(slow)}")


if __name__ == "__main__":
    main()
