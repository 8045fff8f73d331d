#!/usr/bin/env bash
# The service under load: requests while all cores prune, and 100,000 users in the database.
#
#   Benchmarks/service/run.sh [SECONDS [USERS]]      (or make bench-service)
set -euo pipefail
cd "$(dirname "$0")/../.."
server=${CRISP_SERVER:-.build/release/crisp-server}
lscpu | sed -n 's/^Model name: *//p'
python3 Benchmarks/service/busy.py "$server" "${1:-20}"
python3 Benchmarks/service/crowd.py "$server" "${2:-100000}"
