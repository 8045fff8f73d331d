#!/usr/bin/env bash
# The paper's suites end to end on small made-up sets of the same forms: CIFAR-100's binary files and
# ImageNet's folders, 100 classes of noise of their own colours. Shows that the way is whole; its
# accuracies mean nothing.
#
#   Benchmarks/paper/try.sh [FOLDER]      (a few minutes; Python 3 alone)
set -euo pipefail
cd "$(dirname "$0")/../.."
out=${1:-Benchmarks/.build/paper}
crisp=${CRISP:-.build/release/crisp}
mkdir -p "$out"
python3 Benchmarks/paper/made_up.py "$out"
for name in cifar100 imagenet; do
  [ -e "$out/$name.safetensors" ] || "$crisp" train --arch resnet20 --width 0.5 --data "$out/$name" \
    --epochs 2 --batch 64 --seed 0 --out "$out/$name.safetensors"
  "$crisp" compare --suite "Benchmarks/paper/$name.json" --model "$out/$name.safetensors" \
    --data "$out/$name" --dry-run
  # Half of the runs, then all: what was done is not done again.
  for half in "$out/$name-first.json" "$out/$name-all.json"; do
    "$crisp" compare --suite "$half" --model "$out/$name.safetensors" --data "$out/$name" \
      --out "$out/$name-results"
  done
  test -s "$out/$name-results/summary.md"
done
