#!/usr/bin/env bash
# The paper's suites end to end on small made-up sets of the same forms: CIFAR-100's binary files and
# ImageNet's folders, classes of noise of their own colours. Shows that the way is whole, that it
# tells what it will take, and that a comparison killed half way goes on; its accuracies mean nothing.
#
#   Benchmarks/paper/try.sh [FOLDER]      (some minutes; Python 3 alone)
set -euo pipefail
cd "$(dirname "$0")/../.."
out=${1:-Benchmarks/.build/paper}
crisp=${CRISP:-.build/release/crisp}
mkdir -p "$out"
python3 Benchmarks/paper/made_up.py "$out"
for name in cifar100 imagenet; do
  # Large enough for 95 % of zeros in blocks of 64, which the suites ask for.
  [ -e "$out/$name.safetensors" ] || "$crisp" train --arch resnet18 --width 0.5 --data "$out/$name" \
    --epochs 2 --batch 64 --seed 0 --out "$out/$name.safetensors"
  echo "$name: the whole suite, and its short form"
  for suite in "Benchmarks/paper/$name.json" "$out/$name-short.json"; do
    "$crisp" compare --suite "$suite" --model "$out/$name.safetensors" --data "$out/$name" --dry-run
  done

  compare=("$crisp" compare --suite "$out/$name-short.json" --model "$out/$name.safetensors"
    --data "$out/$name" --out "$out/$name-results")
  done_runs="$out/$name-results/results.jsonl"
  rm -rf "$out/$name-results"
  "${compare[@]}" &
  running=$!
  trap 'kill -KILL "$running" 2>/dev/null || true' EXIT
  until [ "$(wc -l 2>/dev/null < "$done_runs" || echo 0)" -ge 4 ]; do
    kill -0 "$running" 2>/dev/null || { echo "the comparison ended before it was killed"; exit 1; }
    sleep 0.2
  done
  kill -KILL "$running"
  wait "$running" 2>/dev/null || true
  trap - EXIT
  cp "$done_runs" "$out/$name-before.jsonl"
  echo "$name: killed after $(wc -l < "$done_runs") runs, goes on"
  "${compare[@]}"
  # What was done stands as it was, and nothing was done twice.
  head -n "$(wc -l < "$out/$name-before.jsonl")" "$done_runs" | cmp - "$out/$name-before.jsonl"
  python3 Benchmarks/paper/made_up.py --check "$done_runs"
  test -s "$out/$name-results/summary.md"
  ls "$out/$name-results"
done
