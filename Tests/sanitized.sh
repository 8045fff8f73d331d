#!/usr/bin/env bash
# Runs what talks to strangers and what threads share under sanitizers.
#
#   Tests/sanitized.sh [quick|kernels|fuzz|thread|address]...     (or make test-sanitized)
#
# kernels  the C kernels by themselves: AddressSanitizer, UndefinedBehaviorSanitizer, ThreadSanitizer
# fuzz     libFuzzer over every reader, FUZZ_SECONDS (50) in all
# thread   event loops and the job runner under ThreadSanitizer
# address  readers of files and the sparse runtime under AddressSanitizer
# quick    the first two, in a few minutes: part of .ci/run. Without arguments all four run.
set -euo pipefail
cd "$(dirname "$0")/.."
export SWIFT_BACKTRACE=enable=no
swift=${SWIFT:-swift}
# Swift's own: another one's sanitizers need not be those of Swift's runtime.
clang=$(dirname "$(readlink -f "$(command -v "$swift")")")/clang

# tests SANITIZER TARGETS FILTER SKIP: in a release build of its own (kernels take minutes in a debug
# build) of only those test targets and what they need.
tests() {
  local sanitizer=$1 targets=$2 filter=$3 skip=$4
  local options=(-c release --sanitize="$sanitizer" --scratch-path ".build-$sanitizer")
  export CRISP_TEST_TARGETS=$targets
  "$swift" build --build-tests "${options[@]}"
  # The tests' own program: what is preloaded must not get into SwiftPM.
  LD_PRELOAD=${PRELOAD:-} "$(find ".build-$sanitizer/release/" -maxdepth 1 -name '*.xctest')" \
    --testing-library swift-testing --filter "$filter" --skip "$skip"
  unset CRISP_TEST_TARGETS
}

kernels() { Tests/Kernels/check.sh; }

fuzz() { Tests/Fuzz/run.sh "${FUZZ_SECONDS:-50}"; }

thread() {
  # Swift's library takes contended mutexes where ThreadSanitizer does not see it: see the C file.
  local mutex="$PWD/.build-thread/mutex.so"
  mkdir -p .build-thread
  "$clang" -O1 -Wall -Wextra -Werror -shared -fPIC -o "$mutex" Tests/thread_sanitizer_mutex.c
  # Neither oneDNN nor libgomp is built for ThreadSanitizer, which cannot see how they wait for one
  # another: Tests/thread-sanitizer.txt names what it must not report.
  PRELOAD=$mutex \
    TSAN_OPTIONS="suppressions=$PWD/Tests/thread-sanitizer.txt halt_on_error=0 exitcode=66" \
    tests thread HTTPServerTests,PersonalizationServiceTests \
    '^HTTPServerTests\.|^PersonalizationServiceTests\.(Job|Event|Follow|Housekeeping|Session)' \
    'Crash|FullDisk|Process|StartUp|Vector'
}

address() {
  # Leaks are of Swift's runtime and oneDNN's caches, which live as long as the process.
  ASAN_OPTIONS=detect_leaks=0 \
    tests address NeuralGraphTests,ModelFormatsTests,ONNXModelsTests,SparseRuntimeTests,DatasetsTests \
    '^(NeuralGraph|ModelFormats|ONNXModels|SparseRuntime|Datasets)Tests\.' 'SessionResourceTests'
}

# Most of the time goes into compilers that use one core each.
all() {
  mkdir -p .build-thread
  local log=.build-thread/log
  # A group of its own, which can be ended as a whole.
  set -m
  (thread) >"$log" 2>&1 &
  other=$!
  set +m
  trap 'kill -- "-$other" 2>/dev/null || true' EXIT
  kernels
  fuzz
  address
  echo "== event loops and jobs, ThreadSanitizer"
  if ! wait "$other"; then
    cat "$log"
    exit 1
  fi
  trap - EXIT
  tail -n 1 "$log"
}

for part in "${@:-all}"; do
  case $part in
    quick) kernels; fuzz ;;
    all) all ;;
    kernels | fuzz | thread | address) "$part" ;;
    *) sed -n '2,12s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
  esac
done
