"""The measured rows as Markdown: a table for each network, the goals, sizes and memory."""
import statistics

from cases import GOALS, SCALING


def ratio(base, row):
    """How many times faster `row` is: the median over rounds, whose turns are neighbours."""
    return statistics.median(
        statistics.median(a) / statistics.median(b) for a, b in zip(base["turns"], row["turns"]))


def table(header, lines):
    return "\n".join("| " + " | ".join(map(str, line)) + " |"
                     for line in [header, ["---"] * len(header), *lines])


def cell(row):
    if row is None:
        return "–"
    if "failure" in row:
        return row["failure"][:60].replace("|", "/")
    digits = 0 if row["least"] >= 100 else 1 if row["least"] >= 10 else 2
    text = f"{row['least']:.{digits}f} / {row['median']:.{digits}f}"
    return text + (f" ({row['ratio']:.2f}x)" if "ratio" in row else "")


def network_table(name, rows):
    columns = sorted({(row["batch"], row["threads"]) for row in rows})
    found = {(row["label"], row["batch"], row["threads"]): row for row in rows}
    lines = [[label] + [cell(found.get((label, *column))) for column in columns]
             for label in dict.fromkeys(row["label"] for row in rows)]
    header = ["engine"] + [f"batch {b}, {t} thread{'s' * (t > 1)}" for b, t in columns]
    return f"## {name}\n\n{table(header, lines)}"


def fastest(rows, labels):
    candidates = [r for r in rows if r["label"] in labels and "failure" not in r]
    return min(candidates, key=lambda row: row["median"], default=None)


def verdict(value, least):
    return f"{value:.2f}", "**met**" if value >= least else "not met"


def goal_table(rows):
    lines = []
    for goal in GOALS:
        chosen = [r for r in rows if r["case"] == goal.case and r["batch"] == goal.batch]
        for threads in sorted({row["threads"] for row in chosen}):
            same = [row for row in chosen if row["threads"] == threads]
            mine, theirs = fastest(same, goal.ours), fastest(same, goal.peer)
            if mine and theirs:
                lines.append([goal.text, goal.batch, threads, mine["label"],
                              *verdict(ratio(theirs, mine), goal.least)])
    for row in rows:
        two = next((r for r in rows if r["threads"] == 2 and all(
            r[key] == row[key] for key in ("case", "batch", "label"))), None)
        if (row["threads"] == 1 and two and row["engine"] == "ours" and "224" in row["case"]
                and not {"failure"} & (row.keys() | two.keys())):
            lines.append([f"{row['case']}: two threads {SCALING}x one", row["batch"], "2 : 1",
                          row["label"], *verdict(ratio(row, two), SCALING)])
    return "## Goals\n\n" + table(
        ["goal", "batch", "threads", "ours", "ratio", ""], lines) if lines else ""


def megabytes(count):
    return f"{count / 1e6:.2f}"


def size_table(sizes):
    lines, goals = [], []
    for facts in sizes:
        half = 2 * facts["parameters"]
        blocks = facts["block_bytes"] / (2 * facts["blockWeights"])
        memory = facts["peak"] - facts["baseline"]
        activations = facts.get("activations")
        lines.append([
            facts["name"], f"{facts['sparsity']:.2%}", megabytes(2 * half), megabytes(half),
            megabytes(facts["onnx"]), megabytes(facts["f32"]), megabytes(facts["f16"]),
            f"{facts['f16'] / half:.3f}", f"{blocks:.3f}", f"{facts['read']:.1f} + {facts['plan']:.1f}",
            f"{megabytes(facts['peak'])} ({megabytes(memory)})",
            "not told" if activations is None else megabytes(activations)])

        def judge(text, value, most):
            goals.append([text, f"{value:.3f}", "**met**" if value <= most else "not met"])
        if "2of4-80-v1-b16" in facts["name"]:
            judge("f16 at 2:4, B = 16, 80 %: at most 0.23 of dense f16 (layers in blocks)", blocks, 0.23)
        if "1of4-95-v1-b16" in facts["name"]:
            judge("f16 at 1:4, 95 %: at most 0.06 of dense f16 (layers in blocks)", blocks, 0.06)
        if facts["name"] == "resnet50-224-2of4-95-v4":
            judge("ResNet-50, 95 %: loads in 50 ms", facts["read"] + facts["plan"], 50)
            if activations is not None:
                judge("ResNet-50, 95 %: memory by (2 x file + activations)",
                      memory / (2 * facts["f32"] + activations), 1)
    if not lines:
        return ""
    header = ["network", "sparsity", "dense f32 MB", "dense f16 MB", "ONNX MB", "packed f32 MB",
              "packed f16 MB", "of dense f16", "its layers in blocks", "read + plan ms", "peak MB (above start)",
              "activations MB"]
    return ("## Size, loading, memory\n\nA batch-1 session of the f32 file on one thread in a new "
            "process. Files hold a classifier of 1000 classes, of which a personalised model keeps "
            f"a few: the goals are those of the layers in blocks.\n\n{table(header, lines)}"
            + (f"\n\n{table(['goal', 'value', ''], goals)}" if goals else ""))


def introduction(facts, rows):
    peaks = ", ".join(f"{rate:.0f} GFLOP/s on {threads} thread{'s' * (threads > 1)}"
                      for threads, rate in facts["peak"].items())
    versions = sorted({row["version"] for row in rows if row.get("version")})
    worst = {}
    for row in rows:
        if "difference" in row:
            worst[row["engine"]] = max(worst.get(row["engine"], 0), row["difference"])
    differences = ", ".join(f"{engine} {value:.0e}" for engine, value in worst.items())
    return f"""# The sparse runtime and other engines

`make bench-peers` on {facts['cores']} cores of {facts['processor']}; multiply-adds in registers, \
measured in the same session: {peaks}. Our kernels: {facts['instructions']}. Peers: \
{', '.join(versions)}. {facts['minutes']:.0f} minutes.

Random weights in the exact pattern: the same share of tiles in every layer (B = 32), stem and \
depthwise layers dense, the classifier N:M only. Every peer has the same weights with their zeros. \
Milliseconds, least / median of interleaved turns, and in brackets how many times faster than ONNX \
Runtime in f32 (median over rounds). Every engine's scores were compared with ours on the same \
images first, largest difference by the largest score: {differences}."""


def markdown(facts, rows, sizes):
    parts = [introduction(facts, rows), goal_table(rows)]
    for name in dict.fromkeys(row["case"] for row in rows):
        parts.append(network_table(name, [row for row in rows if row["case"] == name]))
    parts.append(size_table(sizes))
    return "\n\n".join(part for part in parts if part)
