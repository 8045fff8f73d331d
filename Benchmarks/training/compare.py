"""Training speed, ours and PyTorch's, in turns on the same threads.

    compare.py OURS PYTHON [CASE …]

OURS is the training-speed program, PYTHON an interpreter with torch and torchvision. Prints images
per second (medians over rounds), the ratio (median of the ratios of neighbouring turns), and peak
resident memory.
"""
import os
import statistics
import subprocess
import sys

# name, channels, side, batch, precision, steps per turn
CASES = {
    "resnet20": ("resnet20", 1, 28, 64, "f32", 8),
    "mobilenet": ("mobilenet_v2", 3, 32, 32, "f32", 4),
    "resnet50-32": ("resnet50", 3, 32, 32, "f32", 1),
    "resnet50-224": ("resnet50", 3, 224, 8, "f32", 1),
    "resnet20-bf16": ("resnet20", 1, 28, 64, "bf16", 8),
    "mobilenet-bf16": ("mobilenet_v2", 3, 32, 32, "bf16", 4),
    "resnet50-32-bf16": ("resnet50", 3, 32, 32, "bf16", 1),
    "resnet50-224-bf16": ("resnet50", 3, 224, 8, "bf16", 1),
}
# What keeps glibc from returning and re-faulting every activation: the peer in its fastest form.
TUNED = ("glibc.malloc.mmap_threshold=17179869184:glibc.malloc.trim_threshold=17179869184:"
         "glibc.malloc.top_pad=268435456")


class Side:
    def __init__(self, command, environment):
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, **environment})
        assert self.process.stdout.readline().strip() == "ready", command

    def ask(self, text):
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def main():
    ours, python = sys.argv[1], sys.argv[2]
    here = os.path.dirname(os.path.abspath(__file__))
    threads = os.environ.get("THREADS", "2")
    rounds = int(os.environ.get("ROUNDS", "9"))
    print(f"{'case':20} {'ours img/s':>11} {'torch img/s':>12} {'ratio':>6} "
          f"{'ours peak MB':>13} {'torch peak MB':>14}")
    for case in sys.argv[3:] or CASES:
        name, channels, side, batch, precision, steps = CASES[case]
        words = [name, str(channels), str(side), str(batch), precision, threads]
        a = Side([ours] + words, {})
        b = Side([python, os.path.join(here, "peer.py")] + words,
                 {"GLIBC_TUNABLES": TUNED, "THP_MEM_ALLOC_ENABLE": "1"})
        mine, theirs = [], []
        for _ in range(rounds):
            mine.append(steps * batch / float(a.ask(f"steps {steps}")))
            theirs.append(steps * batch / float(b.ask(f"steps {steps}")))
        peak = [int(s.ask("memory").split()[1]) // 1024 for s in (a, b)]
        ratio = statistics.median(x / y for x, y in zip(mine, theirs))
        print(f"{case:20} {statistics.median(mine):11.1f} {statistics.median(theirs):12.1f} "
              f"{ratio:6.2f} {peak[0]:13} {peak[1]:14}", flush=True)
        a.close()
        b.close()


main()
