#!/usr/bin/env bash
# Checks the C kernels of this processor under AddressSanitizer and UndefinedBehaviorSanitizer, and
# teams under ThreadSanitizer. Needs Swift's clang only.
set -euo pipefail
cd "$(dirname "$0")/../.."
. Tests/Kernels/compile.sh

sanitized=(-fsanitize=address,undefined -fno-sanitize-recover=all)
compile native -O1 "${sanitized[@]}"
"$clang" "${sanitized[@]}" "$out"/native-*.o -o "$out/native" "${libraries[@]}"
echo "== this processor, AddressSanitizer and UndefinedBehaviorSanitizer"
"$out/native"

echo "== teams, ThreadSanitizer"
# Swift's ThreadSanitizer knows Dispatch.
swift_libraries=$(dirname "$clang")/../lib/swift/linux
"$clang" "${flags[@]}" -O1 -fsanitize=thread Sources/CKernels/team.c \
  Tests/Kernels/{check,check_teams,team_check}.c -o "$out/teams" "${libraries[@]}" \
  "-L$swift_libraries" "-Wl,-rpath,$swift_libraries" -ldispatch -lBlocksRuntime
"$out/teams"
