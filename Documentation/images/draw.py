"""Draws two-sides.svg, README's picture, from committed results: python3 Documentation/images/draw.py

Left: what tailoring saves; right: what it costs in accuracy. Tests/Documentation draws it again and
compares, so that the picture says what the results say.
"""

import csv
import pathlib
import re
import statistics
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
TARGET = pathlib.Path(__file__).with_name("two-sides.svg")
BLUE, GREY, RED, TEXT = "#2166ac", "#b8b8b8", "#b2182b", "#222222"


def accuracy():
    """For each sparsity: mean and deviation of the points, kilobytes, share of multiply-accumulates."""
    with open(ROOT / "Benchmarks/results/accuracy/results.csv") as file:
        rows = [row for row in csv.DictReader(file) if row["variants"] == "hybrid, twice the updates"
                and {"k10", "k10-80"} & set(row["groups"].split("; "))]
    for sparsity in ("0.8", "0.9", "0.95"):
        runs = [row for row in rows if row["target_sparsity"] == sparsity]
        points = [float(row["difference_points"]) for row in runs]
        kept = [int(row["kept_macs"]) / int(row["dense_macs"]) for row in runs]
        yield (float(sparsity), len(runs), statistics.mean(points), statistics.stdev(points),
               statistics.mean(int(row["packed_bytes"]) for row in runs) / 1e3, statistics.mean(kept),
               int(runs[0]["dense_bytes"]) / 1e3)


def milliseconds():
    """ResNet-50 at batch 1 on one thread, least of the turns."""
    text = (ROOT / "Benchmarks/results/sparse-runtime.md").read_text()
    section = text[text.index("## resnet50-224"):]
    for engine in ("onnxruntime", "ours 2:4 90 % V=4 f16", "ours 2:4 95 % V=4 f16"):
        yield float(re.search(rf"^\| {re.escape(engine)} \| ([\d.]+) /", section, re.MULTILINE)[1])


def percent(share):
    return f"{share:.0%}".replace("%", " %")


class Drawing:
    def __init__(self, width, height):
        self.parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
            f'font-family="sans-serif" font-size="13" fill="{TEXT}">',
            f'<rect width="{width}" height="{height}" fill="#ffffff"/>']

    def text(self, x, y, text, anchor="start", **style):
        extra = "".join(f' {name.replace("_", "-")}="{value}"' for name, value in style.items())
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{extra}>{text}</text>')

    def bar(self, x, y, width, height, fill):
        self.parts.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{fill}"/>')

    def line(self, x1, y1, x2, y2, stroke, width=1):
        self.parts.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
                          f'stroke="{stroke}" stroke-width="{width}"/>')

    def bars(self, top, title, values):
        """Values of (label, number, text), the first the whole width."""
        self.text(24, top, title, font_weight="600")
        whole = values[0][1]
        for place, (label, number, text) in enumerate(values):
            y = top + 12 + 24 * place
            self.text(76, y + 14, label, "end")
            self.bar(84, y, 230 * number / whole, 18, GREY if place == 0 else BLUE)
            self.text(90 + 230 * number / whole, y + 14, text)


def draw():
    runs = list(accuracy())
    dense, at90, at95 = milliseconds()
    drawing = Drawing(860, 420)
    drawing.text(24, 30, "What it saves", font_size="17")
    drawing.bars(62, "File: ten of 100 letters and digits, small ResNet-18",
                 [("dense", runs[0][6], f"{runs[0][6] / 1e3:.2f} MB")]
                 + [(percent(run[0]), run[4], f"{run[4]:.0f} KB") for run in runs[1:]])
    drawing.bars(178, "Multiply-accumulates, the same models",
                 [("dense", 1, "100 %")] + [(percent(run[0]), run[5], percent(run[5])) for run in runs[1:]])
    drawing.bars(294, "One image through ResNet-50, 224x224, one thread",
                 [("dense", dense, f"{dense:.1f} ms"), ("90 %", at90, f"{at90:.1f} ms"),
                  ("95 %", at95, f"{at95:.1f} ms")])
    drawing.text(24, 392, "Dense milliseconds: ONNX Runtime; sparse: this runtime, random", font_size="11")
    drawing.text(24, 408, "weights in the pattern. AMD EPYC (Zen 4).", font_size="11")

    left, zero, scale = 480, 145, 100
    drawing.line(430, 16, 430, 404, "#dddddd")
    drawing.text(454, 30, "What it costs", font_size="17")
    drawing.text(454, 62, "Test accuracy against the dense model", font_weight="600")
    drawing.text(454, 78, "restricted to the same ten classes, points", font_weight="600")
    for points in range(0, -3, -1):
        y = zero - scale * points
        drawing.line(left, y, 830, y, TEXT if points == 0 else "#e4e4e4")
        drawing.text(left - 6, y + 4, str(points).replace("-", "−"), "end")
    for place, (sparsity, count, mean, deviation, *_) in enumerate(runs):
        x = left + 20 + 118 * place
        y, height = (zero - scale * max(mean, 0)), scale * abs(mean)
        drawing.bar(x, y, 56, max(height, 1), BLUE if mean >= 0 else RED)
        drawing.line(x + 28, zero - scale * (mean - deviation), x + 28, zero - scale * (mean + deviation),
                     TEXT, 2)
        drawing.text(x + 62, zero - scale * mean + (4 if mean > 0 else 10),
                     f"{mean:+.2f}".replace("-", "−"))
        drawing.text(x + 28, 362, f"{percent(sparsity)} of the", "middle")
        drawing.text(x + 28, 377, "weights zero", "middle")
    drawing.text(454, 400, f"{runs[0][1]} runs each (three sets x three seeds), lines: standard deviation",
                 font_size="11")
    return "\n".join([*drawing.parts, "</svg>", ""])


if __name__ == "__main__":
    if sys.argv[1:] == ["--check"]:
        sys.exit(0 if TARGET.read_text() == draw() else f"{TARGET} is not what the results say; draw again")
    TARGET.write_text(draw())
