#!/usr/bin/env bash
# Fuzzes the reader of packed files, the planner and one run, then the safetensors header alone, the
# parser of HTTP requests, the reader of JSON bodies and that of ONNX files, with libFuzzer and
# AddressSanitizer.
#
#   Tests/Fuzz/run.sh [SECONDS] [packed|header|requests|json|onnx]     (or make fuzz SECONDS=600)
#
# Each has a fifth of the time unless one is named. What earlier runs found worth keeping stays in
# .build/fuzz/corpus-*; a file that stops it is left in .build/fuzz/found: put it into
# Tests/SparseRuntimeTests/FoundCrashes, where the tests replay it (a connection becomes a vector in
# Tests/HTTPServerTests/Vectors), and mend the cause.
set -euo pipefail
cd "$(dirname "$0")/../.."

seconds=${1:-60}
targets=(${2:-packed header requests json onnx})
[ $# -gt 1 ] || seconds=$((seconds / 5))
work=.build/fuzz
mkdir -p "$work/modules" "$work/found"
swiftc=${SWIFT:-swift}c
clang=$(command -v clang || command -v "$(dirname "$(readlink -f "$(command -v "$swiftc")")")/clang")

# By hand, because SwiftPM has no switch for libFuzzer; optimised, because kernels are slow otherwise.
sanitizers=-sanitize=fuzzer,address
objects=()
c_objects() {
  for source in Sources/CKernels/*.c Sources/CCores/*.c; do
    local object=$work/modules/$(basename "$source").o
    objects+=("$object")
    # Headers, too: kernels compiled for another table's layout crash.
    [ -f "$object" ] && [ -z "$(find Sources/CKernels Sources/CCores -name '*.[ch]' -newer "$object")" ] ||
      "$clang" -O1 -g -fsanitize=fuzzer-no-link,address -ISources/CKernels/include -ISources/CCores/include \
        -c "$source" \
        -o "$object"
  done
  for module in CKernels CCores; do
    echo "module $module { umbrella \"$PWD/Sources/$module/include\" export * }"
  done >"$work/modules/module.modulemap"
}
swift_module() {
  local name=$1 object=$work/modules/$1.o
  objects+=("$object")
  shift
  if [ -f "$object" ] && [ -z "$(find "$@" -newer "$object")" ] && [ -z "$rebuild" ]; then return; fi
  rebuild=yes  # and everything that depends on it
  "$swiftc" -c -wmo -O -g $sanitizers -parse-as-library -swift-version 6 -package-name crisp ${flags:-} \
    -module-name "$name" -emit-module -emit-module-path "$work/modules/$name.swiftmodule" \
    -I "$work/modules" $(find "$@" -name '*.swift' | sort) -o "$object"
}
rebuild=
c_objects
# Of the server only the parser, which needs no sockets; its field types are a package's.
[ -d .build/checkouts/swift-http-types ] || "${SWIFT:-swift}" package resolve
flags=-suppress-warnings swift_module HTTPTypes .build/checkouts/swift-http-types/Sources/HTTPTypes
swift_module HTTPServer Sources/HTTPServer/Framing Sources/HTTPServer/Configuration/Limits.swift
for name in Inputs ClassWeights Randomness Cores NeuralGraph ModelFormats SparseRuntime ServiceAPI; do
  swift_module "$name" "Sources/$name"
done
# Its own reader of wire format is fuzzed with the rest: it is what a stranger's file meets first.
flags=-suppress-warnings swift_module SwiftProtobuf \
  .build/checkouts/swift-protobuf/Sources/SwiftProtobuf
swift_module ONNXModels Sources/ONNXModels
swift_module FuzzTarget Tests/Fuzz Tests/HTTPServerTests/Support/ParserRun.swift \
  Tests/ModelFormatsTests/TestModels.swift Tests/ModelFormatsTests/FixtureNetworks.swift Tests/SparseRuntimeTests/HostileFile.swift
[ -z "$rebuild" ] || "$swiftc" -use-ld=lld $sanitizers "${objects[@]}" -o "$work/fuzz"

for target in "${targets[@]}"; do
  export CRISP_FUZZ=$target
  corpus=$work/corpus-$target
  mkdir -p "$corpus"
  options=()
  if [ "$target" = requests ]; then
    PYTHONPATH=Tests/Peers python3 Tests/Fuzz/request_seeds.py "$corpus"
    options=(-dict=Tests/Fuzz/requests.dict)
  elif [ "$target" = json ]; then
    cp Tests/Fuzz/bodies/*.json "$corpus"
    options=(-dict=Tests/Fuzz/json.dict)
  elif [ "$target" = onnx ]; then
    cp Tests/ONNXModelsTests/Goldens/*.onnx "$corpus"
  else
    CRISP_FUZZ_SEEDS=$corpus "$work/fuzz" >"$work/seeds.log" 2>&1
  fi
  echo "fuzz: $target for $seconds seconds"
  # Costs of instrumented kernels are kept apart from those that users' sessions plan by.
  # A file of 64 KB that makes the reader take 256 MB at once, or 1 GB altogether, is a finding.
  CRISP_CACHE=$work/costs SWIFT_BACKTRACE=enable=no \
    ASAN_OPTIONS=detect_leaks=0:quarantine_size_mb=16 "$work/fuzz" "$corpus" \
    -max_total_time="$seconds" -max_len=65536 -len_control=0 -timeout=10 -rss_limit_mb=1024 \
    -malloc_limit_mb=256 "${options[@]}" -artifact_prefix="$work/found/$target-" -print_final_stats=1 \
    >"$work/$target.log" 2>&1 || { tail -40 "$work/$target.log"; exit 1; }
  grep -E 'cov: ' "$work/$target.log" | tail -1
  sed -n 's/^stat::/  /p' "$work/$target.log"
done
