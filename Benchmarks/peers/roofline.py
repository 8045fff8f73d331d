"""What each layer could take at best: reads `crisp bench FILE --layers --json`, prints Markdown.

  crisp bench FILE --layers --json | roofline.py GB_PER_SECOND

A layer takes at least as long as its multiply-adds at the processor's peak, and as long as its output
and kept weights take to go through the memory between the second-level cache and the next layer, at
the bandwidth given (one thread).
"""
import json
import math
import sys

BYTES_OF_A_WEIGHT = 2.25  # a half and two bits of position

bandwidth = float(sys.argv[1])
report = json.load(sys.stdin)
peak = report["peakGigaflops"]
print(f"{report['processor']}, {report['threads']} thread(s), peak {peak:.0f} GFLOP/s, "
      f"{bandwidth:.0f} GB/s.\n")
print("| layer | output | density | kernel | us | at peak, us | memory, us | of the larger |")
print("|---|---|---|---|---|---|---|---|")
sums = [0.0, 0.0, 0.0]
for layer in report["layers"]:
    time, rate = layer["microseconds"], layer.get("gigaflops") or 0
    compute = rate * time / peak
    spots = math.prod(layer["output"][1:]) or 1
    weights = rate * time * 1000 / 2 / spots
    memory = (math.prod(layer["output"]) * 4 + weights * BYTES_OF_A_WEIGHT) / bandwidth / 1000
    floor = max(compute, memory)
    sums = [a + b for a, b in zip(sums, (time, compute, floor))]
    density = layer.get("density")
    print(f"| {layer['name']} | {'x'.join(map(str, layer['output']))} "
          f"| {'' if density is None else f'{density:.1%}'} | {layer.get('kernel') or ''} "
          f"| {time:.0f} | {compute:.0f} | {memory:.0f} | {floor / time:.0%} |")
print(f"| all | | | | {sums[0]:.0f} | {sums[1]:.0f} | floor {sums[2]:.0f} | {sums[2] / sums[0]:.0%} |")
