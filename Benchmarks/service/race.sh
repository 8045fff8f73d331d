#!/usr/bin/env bash
# The socket server beside nginx and Hummingbird, in turns on the same cores: small requests,
# downloads, idle connections, and clients that are slow on purpose.
#
#   Benchmarks/service/race.sh [OPTION …]      (or make bench-race ARGS="OPTION …")
#
# Options are those of race.py (--help). Installs wrk, nginx-light and slowhttptest, and builds
# hummingbird-peer, a package of its own, the first time.
set -euo pipefail
cd "$(dirname "$0")/../.."
deploy/setup.sh wrk nginx-light slowhttptest >&2
build=$PWD/Benchmarks/.build/hummingbird-peer
swift build -c release --package-path Benchmarks/service/hummingbird-peer --scratch-path "$build" >&2
exec python3 Benchmarks/service/race.py --hummingbird "$build/release/hummingbird-peer" "$@"
