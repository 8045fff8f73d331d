#!/usr/bin/env bash
# Runs the numerics tests as processors would that have less than this one, in the build that is
# there: all of them with AVX2 at most, the quick ones as the baseline of x86-64 (oneDNN with SSE4.1,
# our own kernels in plain C). Documentation/processors.md says what may differ.
#
#   Tests/processors.sh [AVX2|SSE41]     (or make test-processors)
set -euo pipefail
cd "$(dirname "$0")/.."

[ "$(uname -m)" = x86_64 ] || { echo "processors: skipped, $(uname -m) has one level only"; exit 0; }
export SWIFT_BACKTRACE=enable=no
suites='NeuralGraphTests|ModelFormatsTests|ONNXModelsTests|SparseRuntimeTests|LibCrispTests'
suites="$suites|TrainingTests|PruningTests|ComparisonTests|ModelCardsTests"
# What takes longer than all the others together without vectors.
slow='ArchitectureParityTests|ArchitectureRunTests'

# as LEVEL [OPTION...]: the tests with oneDNN and our own kernels held to it
as() {
  local level=$1
  shift
  echo "== as a processor with $level at most"
  DNNL_MAX_CPU_ISA=$level CRISP_MAX_CPU_ISA=$level \
    "${SWIFT:-swift}" test -c release --skip-build --disable-xctest --filter "^($suites)\." "$@"
}

for level in ${1:-AVX2 SSE41}; do
  case $level in
    SSE41) as SSE41 --skip "$slow" ;;
    # Where there is no more than AVX2, `make test` has done it.
    *) if grep -qm1 avx512f /proc/cpuinfo; then
         as "$level"
       else
         echo "processors: $level skipped, this processor has no more"
       fi ;;
  esac
done
