#!/usr/bin/env bash
# Training speed against PyTorch: builds the program, installs PyTorch once, runs both in turns.
#
#   Benchmarks/training/run.sh [CASE …]      (or make bench-training)
#
# THREADS (2) and ROUNDS (9) may be set. PEERS_PYTHON names an interpreter that has torch and
# torchvision already.
set -euo pipefail
cd "$(dirname "$0")/../.."
python=${PEERS_PYTHON:-Benchmarks/.build/peers/bin/python}
if [ -z "${PEERS_PYTHON:-}" ] && [ ! -e Benchmarks/.build/peers/installed ]; then
  mkdir -p Benchmarks/.build
  python3 -m venv Benchmarks/.build/peers
  # PIP_EXTRA_INDEX_URL may name an index with PyTorch's smaller builds for CPUs.
  Benchmarks/.build/peers/bin/pip install -q torch==2.13.0 torchvision==0.28.0 numpy==2.4.6
  touch Benchmarks/.build/peers/installed
fi
swift build -c release --package-path Benchmarks --product training-speed
lscpu | sed -n 's/^Model name: *//p'
exec "$python" Benchmarks/training/compare.py \
  Benchmarks/.build/release/training-speed "$python" "$@"
