#!/usr/bin/env bash
# The version that the programs state; with --date, the seconds since 1970 that packages are dated by,
# so that the same sources make the same bytes.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ "${1:-}" = --date ]; then
  # Without git's history, when what is new was last written down.
  echo "${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || stat -c %Y CHANGELOG.md)}"
else
  sed -n 's/.*static let number = "\(.*\)"/\1/p' Sources/JobContract/ProgramVersion.swift
fi
