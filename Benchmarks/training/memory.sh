#!/usr/bin/env bash
# Peak memory of one personalisation of VGG-16 at 224x224, batch 8 (or make bench-memory).
set -euo pipefail
cd "$(dirname "$0")/../.."
[ -x /usr/bin/time ] || { echo "install the Debian package 'time' first" >&2; exit 1; }
swift build -c release --package-path Benchmarks --product personalization-memory
exec /usr/bin/time -v Benchmarks/.build/release/personalization-memory \
  "${1:-vgg16}" "${2:-224}" "${3:-8}" "${4:-2}"
