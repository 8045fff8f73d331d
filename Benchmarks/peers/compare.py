"""All engines in turns on the same networks: milliseconds, ratios, goals, sizes, in Markdown.

Run by run.sh. One process per engine and thread count stays alive; in each cell (network and batch)
every engine loads the network, all scores are compared, and then they take turns, both thread
counts in the same rounds, so that whatever disturbs the machine disturbs all.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import time

import numpy as np

import report
from cases import CASES, ORT, SIZES
from workers import BENCHMARKS, Failed, Worker

NETWORKS = f"{BENCHMARKS}/.build/peers-networks"
IMAGES, SCORES = f"{NETWORKS}/images.raw", f"{NETWORKS}/scores.raw"
LARGEST_BATCH, LARGEST_IMAGE = 64, 3 * 224 * 224
# Largest difference of scores, by the largest score of the image.
TOLERANCE = {"openvino-bf16": 5e-2}
# A turn lasts about as long as this, seconds, when one run is shorter.
TURN = 0.06


def log(text):
    print(f"peers: {text}", file=sys.stderr, flush=True)


def options():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", help="names of cases, with commas: " + ", ".join(
        case.name for case in CASES))
    parser.add_argument("--engines", help="ours, onnxruntime, openvino-f32, …, with commas")
    parser.add_argument("--batches", help="1, 8, 32, 64, with commas")
    parser.add_argument("--threads", help="1, 2, with commas")
    parser.add_argument("--seconds", type=float, default=12, help="of measuring for each cell (12)")
    parser.add_argument("--no-sizes", action="store_true", help="leaves the size table out")
    parser.add_argument("--write", help="a Markdown file to write beside standard output")
    parser.add_argument("--raw", default=f"{BENCHMARKS}/.build/peers.jsonl",
                        help="a file for all figures as JSON lines (%(default)s)")
    chosen = parser.parse_args()
    if os.environ.get("QUICK", "0") != "0":
        chosen.networks = chosen.networks or "resnet50-224"
        chosen.batches = chosen.batches or "1"
        chosen.seconds = min(chosen.seconds, 6)
    return chosen


def split(text, kind=str):
    return None if text is None else [kind(word) for word in text.split(",")]


def selected(chosen):
    """The cases with what was not chosen left out."""
    names, engines = split(chosen.networks), split(chosen.engines)
    batches, threads = split(chosen.batches, int), split(chosen.threads, int)
    unknown = set(names or []) - {case.name for case in CASES}
    if unknown:
        sys.exit(f"peers: no such network: {', '.join(sorted(unknown))}")
    for case in CASES:
        if names and case.name not in names:
            continue
        counts = {batch: [t for t in allowed if not threads or t in threads]
                  for batch, allowed in case.batches.items() if not batches or batch in batches}
        entries = [e for e in case.entries if not engines or e.engine in engines]
        counts = {batch: allowed for batch, allowed in counts.items() if allowed}
        if counts and entries:
            yield case._replace(batches=counts, entries=entries)


def model(entry):
    suffix = f"{entry.storage}.safetensors" if entry.engine == "ours" else "onnx"
    return f"{NETWORKS}/{entry.network}.{suffix}"


def prepare(names):
    log("building networks")
    subprocess.run([f"{BENCHMARKS}/.build/release/pattern-networks", NETWORKS, *names], check=True)
    if not os.path.exists(IMAGES):
        generator = np.random.default_rng(4)
        generator.standard_normal(LARGEST_BATCH * LARGEST_IMAGE, np.float32).tofile(IMAGES)


class Fleet:
    """Workers by engine and thread count, started when first needed."""

    def __init__(self):
        self.log = open(f"{BENCHMARKS}/.build/peers-engines.log", "w")
        self.workers, self.missing = {}, {}

    def worker(self, engine, threads):
        key = engine, threads
        if engine in self.missing:
            raise Failed(self.missing[engine])
        if key not in self.workers:
            try:
                self.workers[key] = Worker(engine, threads, self.log)
            except (Failed, OSError) as error:
                self.missing[engine] = f"not available: {error}"
                log(f"{engine} is {self.missing[engine]}")
                raise Failed(self.missing[engine]) from None
        return self.workers[key]

    def lose(self, row, error):
        """Notes a row's failure; what else was loaded in a process that crashed comes back."""
        row["failure"] = str(error)
        log(f"{row['case']} batch {row['batch']}, {row['threads']} threads, {row['label']}: {error}")
        key = row["engine"], row["threads"]
        if key not in self.workers:
            return
        try:
            self.workers[key].revive(without=slot_of(row))
        except (Failed, OSError) as again:
            self.missing[row["engine"]] = f"not available after a crash: {again}"
            del self.workers[key]

    def busy(self):
        """Engines that burn processor time while nobody asks them anything."""
        def used():
            return {key: worker.seconds() for key, worker in self.workers.items()}
        time.sleep(0.2)
        before, start = used(), time.monotonic()
        time.sleep(0.5)
        elapsed = time.monotonic() - start
        return {f"{key[0]}, {key[1]} threads": (seconds - before[key]) / elapsed
                for key, seconds in used().items() if seconds - before[key] > 0.05 * elapsed}

    def close(self):
        for worker in self.workers.values():
            worker.close()


def slot_of(row):
    return row["label"].replace(" ", "_")


def scores(worker, slot, batch):
    worker.ask(f"scores {slot} {SCORES}")
    return np.fromfile(SCORES, np.float32).reshape(batch, -1)


def check(entry, found, references):
    """The first engine that answers for a network (ours, where it is measured) is the reference."""
    expected = references.setdefault(entry.network, found)
    scale = np.abs(expected).max(1, keepdims=True)
    worst = float((np.abs(found - expected) / scale).max()) if found.shape == expected.shape else 9
    if not worst <= TOLERANCE.get(entry.engine, 1e-3):
        sys.exit(f"peers: {entry.label} answers other scores for {entry.network}: {worst:.1e} off")
    return worst


def measure(case, batch, fleet, seconds):
    """Rounds of turns; rows as dictionaries, one for each entry and thread count."""
    rows, references = [], {}
    side = case.name.split("-")[1]
    for entry in case.entries:
        for threads in case.batches[batch]:
            if entry.engine in case.without.get(batch, ()):
                continue
            row = {"case": case.name, "batch": batch, "threads": threads, "label": entry.label,
                   "engine": entry.engine, "network": entry.network, "turns": []}
            rows.append(row)
            try:
                worker = fleet.worker(entry.engine, threads)
                slot = slot_of(row)
                row.update(worker.load(slot, model(entry), batch, IMAGES, side))
                before = time.monotonic()
                row["difference"] = check(entry, scores(worker, slot, batch), references)
                row["estimate"] = time.monotonic() - before
                if row["estimate"] < 2:  # warm now, and cheap enough to know better
                    row["estimate"] = min(worker.times(slot, 0, 1)) / 1e3
                row["version"] = worker.facts.get("version", "")
            except Failed as error:
                fleet.lose(row, error)
    for name, share in fleet.busy().items():
        log(f"{name}: an idle worker burns {share:.0%} of a core")
    live = [row for row in rows if "failure" not in row]
    for row in live:
        row["runs"] = max(1, min(10, int(TURN / row["estimate"])))
        row["warm"] = 1 if row["estimate"] < 0.3 else 0
    # Dear turns are taken in fewer rounds than cheap ones; every engine has at least two.
    cost = sum(row["estimate"] * (row["runs"] + row["warm"]) for row in live) or 1
    rounds = max(2, min(15, int(seconds / cost)))
    log(f"{case.name} batch {batch}: {len(live)} rows, {rounds} rounds of {cost:.1f} s")
    for _ in range(rounds):
        for row in live:
            if "failure" in row:
                continue
            try:
                worker = fleet.worker(row["engine"], row["threads"])
                row["turns"].append(worker.times(slot_of(row), row["warm"], row["runs"]))
            except Failed as error:
                fleet.lose(row, error)
    for worker in fleet.workers.values():
        worker.clear()
    add_ratios(rows)
    return rows


def add_ratios(rows):
    """Least and median milliseconds, and the median over rounds of ONNX Runtime's turn by ours."""
    for row in rows:
        if "failure" in row or not row["turns"]:
            row.setdefault("failure", "was not measured")
            continue
        row["least"] = min(min(turn) for turn in row["turns"])
        row["median"] = statistics.median(t for turn in row["turns"] for t in turn)
    for row in rows:
        base = next((r for r in rows if r["label"] == ORT and r["threads"] == row["threads"]), None)
        if base and "failure" not in base and "failure" not in row:
            row["ratio"] = report.ratio(base, row)


def block_bytes(path):
    """What a packed file spends on the layers pruned in blocks: all packed but the classifier."""
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    classifier = json.loads(header.pop("__metadata__")["graph"])["output"]
    packed = {name.removesuffix(".weight.values") for name in header if name.endswith(".values")}
    return sum(entry["data_offsets"][1] - entry["data_offsets"][0]
               for name, entry in header.items()
               if name.split(".weight.")[0] in packed - {classifier})


def sizes(names, fleet):
    """Bytes of each file; load time and memory of a batch-1 session in a process of its own."""
    result = []
    for name in names:
        facts = json.load(open(f"{NETWORKS}/{name}.json"))
        for storage in ("f32", "f16"):
            facts[storage] = os.path.getsize(f"{NETWORKS}/{name}.{storage}.safetensors")
        facts["block_bytes"] = block_bytes(f"{NETWORKS}/{name}.f16.safetensors")
        facts["onnx"] = os.path.getsize(f"{NETWORKS}/{name}.onnx")
        worker = Worker("ours", 1, fleet.log)
        facts["baseline"] = int(worker.ask("memory").split()[0]) * 1024
        path = f"{NETWORKS}/{name}.f32.safetensors"
        loaded = worker.load("a", path, 1, IMAGES, "")
        worker.times("a", 1, 1)
        facts["peak"] = int(worker.ask("memory").split()[0]) * 1024
        worker.close()
        # The quickest of three new processes: the file is in the page cache for all.
        for _ in range(2):
            worker = Worker("ours", 1, fleet.log)
            again = worker.load("a", path, 1, IMAGES, "")
            worker.close()
            loaded = min(loaded, again, key=lambda f: float(f["read"]) + float(f["plan"]))
        facts.update({key: float(value) for key, value in loaded.items()})
        result.append(facts)
    return result


def machine(fleet):
    name = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo")
                 if line.startswith("model name")), "an unknown processor")
    peaks = {t: float(fleet.worker("ours", t).ask("peak")) for t in (1, 2)}
    return {"processor": name, "cores": os.cpu_count(), "peak": peaks,
            "instructions": fleet.worker("ours", 1).facts.get("instructions", "")}


def main():
    chosen = options()
    cases = list(selected(chosen))
    weighed = [] if chosen.no_sizes else [
        name for name in SIZES if any(name.startswith(case.name + "-") for case in cases)]
    prepare(dict.fromkeys([e.network for case in cases for e in case.entries] + weighed))
    start, fleet, rows = time.monotonic(), Fleet(), []
    facts = machine(fleet)
    with open(chosen.raw, "w") as raw:
        print(json.dumps(facts), file=raw)
        for case in cases:
            for batch in case.batches:
                measured = measure(case, batch, fleet, chosen.seconds)
                rows += measured
                for row in measured:
                    print(json.dumps(row), file=raw, flush=True)
        weights = sizes(weighed, fleet)
        for facts_of_file in weights:
            print(json.dumps(facts_of_file), file=raw)
    fleet.close()
    facts["minutes"] = (time.monotonic() - start) / 60
    text = report.markdown(facts, rows, weights)
    print(text)
    if chosen.write:
        with open(chosen.write, "w") as file:
            print(text, file=file)


main()
