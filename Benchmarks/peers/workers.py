"""Processes that answer on command, and what becomes of those that crash."""
import os
import select
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
BENCHMARKS = os.path.dirname(HERE)


class Failed(Exception):
    """The engine refused or crashed; the text says how."""


class Worker:
    """One engine with one thread count, and the networks that are loaded in it."""

    # A pass of 64 through VGG-16 takes 20 s where a machine is slow.
    PATIENCE = 240

    def __init__(self, engine, threads, log):
        self.engine, self.threads, self.log = engine, threads, log
        self.loaded = {}
        self.start()

    def command(self):
        if self.engine == "ours":
            return [f"{BENCHMARKS}/.build/release/sparse-worker", str(self.threads)]
        venv = "peers-deepsparse" if self.engine == "deepsparse" else "peers-engines"
        python = os.environ.get(
            "DEEPSPARSE_PYTHON" if self.engine == "deepsparse" else "PEERS_PYTHON",
            f"{BENCHMARKS}/.build/{venv}/bin/python")
        return [python, f"{HERE}/worker.py", self.engine, str(self.threads)]

    def start(self):
        self.process = subprocess.Popen(
            self.command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log,
            text=True)
        hello = self.answer()
        if not hello.startswith("ready"):
            raise Failed(hello)
        self.facts = facts(hello)

    def answer(self):
        if not select.select([self.process.stdout], [], [], self.PATIENCE)[0]:
            self.process.kill()
            self.process.wait()
            raise Failed("no answer")
        line = self.process.stdout.readline()
        if not line:
            raise Failed(f"crashed ({self.process.wait()})")
        return line.strip()

    def ask(self, text):
        if self.process.poll() is not None:
            raise Failed("crashed before")
        try:
            self.process.stdin.write(text + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            raise Failed(f"crashed ({self.process.wait()})") from None
        line = self.answer()
        if line.startswith("error"):
            raise Failed(line)
        return line

    def load(self, slot, path, batch, images, side):
        words = f"{path} {batch} {images}" + ("" if self.engine == "ours" else f" {side}")
        result = facts(self.ask(f"load {slot} {words}"))
        self.loaded[slot] = words
        return result

    def revive(self, without=None):
        """After a crash, a new process with what was loaded, except for what made it crash."""
        self.loaded.pop(without, None)
        if self.process.poll() is None:
            return
        before, self.loaded = self.loaded, {}
        self.start()
        for slot, words in before.items():
            self.ask(f"load {slot} {words}")
            self.loaded[slot] = words

    def times(self, slot, warm, count):
        return [float(word) for word in self.ask(f"run {slot} {warm} {count}").split()]

    def clear(self):
        for slot in self.loaded:
            self.ask(f"unload {slot}")
        self.loaded = {}

    def seconds(self):
        """Processor time used so far."""
        fields = open(f"/proc/{self.process.pid}/stat").read().rsplit(") ", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def close(self):
        if self.process.poll() is None:
            self.process.stdin.close()
            self.process.wait()


def facts(line):
    """`ok read=1.5 plan=2` as a dictionary; values may have spaces."""
    result, key = {}, None
    for word in line.split()[1:]:
        if "=" in word:
            key, value = word.split("=", 1)
            result[key] = value
        elif key:
            result[key] += " " + word
    return result
