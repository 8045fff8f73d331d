#!/usr/bin/env bash
# The sparse runtime against the engines that people use on CPUs: the same networks with the same
# zeros for all, in turns, on the same threads.
#
#   Benchmarks/peers/run.sh [OPTION …]      (or make bench-peers)
#
# Options are those of compare.py (--help), for example --networks resnet50-224 --batches 1,8
# --engines ours,onnxruntime --write Benchmarks/results/sparse-runtime.md. QUICK=1 measures ResNet-50
# at batch 1 alone. PEERS_PYTHON and DEEPSPARSE_PYTHON name interpreters that have
# requirements.txt and requirements-deepsparse.txt already; PYTHON311 one for DeepSparse, which runs
# on nothing later.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=Benchmarks/.build

# install VENV INTERPRETER REQUIREMENTS
install() {
  local venv=$build/$1 requirements=Benchmarks/peers/$3
  cmp -s "$requirements" "$venv/installed.txt" && return
  echo "peers: installing Python packages for $1 (once)" >&2
  mkdir -p "$build"
  "$2" -m venv "$venv"
  # PIP_EXTRA_INDEX_URL may name an index with PyTorch's smaller builds for CPUs.
  "$venv/bin/pip" install -q -r "$requirements" && cp "$requirements" "$venv/installed.txt"
}

[ -n "${PEERS_PYTHON:-}" ] || install peers-engines python3 requirements.txt
if [ -z "${DEEPSPARSE_PYTHON:-}" ]; then
  # Its rows say so when it cannot be installed.
  install peers-deepsparse "${PYTHON311:-python3.11}" requirements-deepsparse.txt ||
    echo "peers: DeepSparse could not be installed" >&2
fi
for product in pattern-networks sparse-worker; do
  swift build -c release --package-path Benchmarks --product "$product" >&2
done
exec "${PEERS_PYTHON:-$build/peers-engines/bin/python}" Benchmarks/peers/compare.py "$@"
