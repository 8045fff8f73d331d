#!/usr/bin/env bash
# Starts the servers of the fleet form, on loopback, unprivileged, in a folder that goes away, and runs
# the tests that need them. Without these, `make test` says that it skips them.
#
#   Tests/Fleet/run.sh [FILTER]       (make test-fleet builds first)
set -euo pipefail
cd "$(dirname "$0")/../.."
here=Tests/Fleet
folder=$(mktemp -d "${TMPDIR:-/tmp}/crisp-fleet.XXXXXX")

# Ends what was started, by its number, and waits for it.
finish() {
  for file in "$folder"/*.pid; do
    [ -e "$file" ] || continue
    pid=$(cat "$file")
    kill "$pid" 2>/dev/null || true
    for _ in $(seq 100); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
    kill -KILL "$pid" 2>/dev/null || true
  done
  for file in "$folder"/*.left; do
    # shellcheck disable=SC2046
    [ ! -e "$file" ] || rm -f $(cat "$file")
  done
  rm -rf "$folder"
}
trap finish EXIT

$here/seaweedfs.sh "$folder"
$here/postgres.sh "$folder"
# shellcheck disable=SC1091
source "$folder/seaweedfs.env"
# shellcheck disable=SC1091
source "$folder/postgres.env"

${SWIFT:-swift} test -c release --skip-build --disable-xctest \
  --filter "${1:-ObjectStoreTests|Postgres|ObjectFleetTests|StoreMoveTests|FleetServiceTests}"
