#!/usr/bin/env bash
# The sparse runtime's tests under AddressSanitizer, in a debug build of its own with optimised C.
# Arguments go to `swift test`: --filter 'StretchKernelTests' for example.
set -euo pipefail
cd "$(dirname "$0")/../.."
export SWIFT_BACKTRACE=enable=no
options=(--sanitize=address --scratch-path .build/sanitized -Xcc -O1)
[ $# -gt 0 ] || set -- --filter SparseRuntimeTests
swift build --build-tests "${options[@]}"
exec swift test --skip-build --disable-xctest "${options[@]}" "$@"
