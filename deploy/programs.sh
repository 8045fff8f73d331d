#!/usr/bin/env bash
# Builds the programs that operators install, with the Swift runtime linked in, and writes the folder
# they are in to standard output. What is left to the system is C libraries of Debian's.
set -euo pipefail
cd "$(dirname "$0")/.."
# A build folder of its own: all of Swift is compiled for the static runtime.
options=(-c release --static-swift-stdlib --scratch-path .build/static)
for product in crisp-server crisp; do
  ${SWIFT:-swift} build "${options[@]}" --product "$product" >&2
done
${SWIFT:-swift} build "${options[@]}" --show-bin-path
