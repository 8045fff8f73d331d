#!/usr/bin/env bash
# What the method costs in accuracy, and what each part of it brings, against every baseline: the
# runs that the figures in Documentation/accuracy.md stand on. Stops and goes on: what has ended is
# not done again.
#
#   Benchmarks/accuracy/run.sh [DATA.npz]      (or make bench-accuracy DATA=DATA.npz)
#
# DATA is glyph100 (Benchmarks/glyph100/README.md renders an equivalent set); without it only
# Fashion-MNIST's part runs. The universal model is trained first (6 minutes on 2 cores) unless
# MODEL names one. Results stand in Benchmarks/.build/accuracy, or in OUT.
set -euo pipefail
cd "$(dirname "$0")/../.."
out=${OUT:-Benchmarks/.build/accuracy}
crisp=${CRISP:-.build/release/crisp}
mkdir -p "$out"

if [ $# -gt 0 ] && [ -n "$1" ]; then
  model=${MODEL:-$out/glyph100.safetensors}
  [ -e "$model" ] || "$crisp" train --arch resnet18 --width 0.25 --data "$1" --no-flip --shift 2 \
    --epochs 24 --batch 128 --learning-rate 0.1 --seed 0 --threads 2 --precision bf16 --out "$model"
  "$crisp" compare --suite Benchmarks/accuracy/glyph100.json --model "$model" --data "$1" \
    --out "$out/glyph100"
else
  echo "bench-accuracy: no DATA.npz given: Fashion-MNIST only" >&2
fi
"$crisp" compare --suite Benchmarks/accuracy/fashion-mnist.json --out "$out/fashion-mnist"
