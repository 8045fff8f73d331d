#!/usr/bin/env bash
# The units as systemd reads them, and how much of the system is open to them.
set -euo pipefail
for unit in deploy/systemd/*.service; do
  # Programs and pages that an installed package would have are not here.
  problems=$(systemd-analyze verify "$unit" 2>&1 | grep -Ev "is not executable|Command 'man " || true)
  [ -z "$problems" ] || { echo "$problems"; exit 1; }
  # Ten times the exposure level of 2.5.
  systemd-analyze security --offline=true --threshold=25 --no-pager "$unit" | sed -n 's/^→ /  /p'
done
