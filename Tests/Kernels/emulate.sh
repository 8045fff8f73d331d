#!/usr/bin/env bash
# Checks the C kernels: those of this processor under AddressSanitizer and UndefinedBehaviorSanitizer,
# teams under ThreadSanitizer, and those for Arm under emulation. Needs Swift's clang only; Debian's
# qemu-user and C library for Arm are installed when they are missing.
set -euo pipefail
cd "$(dirname "$0")/../.."

packages=(qemu-user libc6-dev-arm64-cross libgcc-12-dev-arm64-cross)
missing=()
for package in "${packages[@]}"; do
  status=$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true)
  [ "$status" = "install ok installed" ] || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
  echo "emulate: installing Debian packages: ${missing[*]}"
  as_root=()
  [ "$(id -u)" -eq 0 ] || as_root=(sudo)
  export DEBIAN_FRONTEND=noninteractive
  "${as_root[@]}" apt-get update -qq
  "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

# The clang beside swift: the system's may be another, or none.
clang=${CLANG:-$(dirname "$(readlink -f "$(command -v swift)")")/clang}
out=.build/kernel-checks
mkdir -p "$out"
flags=(-std=gnu17 -Wall -Wextra -Werror -g -I Sources/CKernels/include)
libraries=(-fuse-ld=lld -lm -lpthread)

# compile NAME FLAG...: all sources, two at a time, into $out/NAME-*.o
compile() {
  local name=$1
  shift
  printf '%s\n' Sources/CKernels/*.c Tests/Kernels/check*.c Tests/Kernels/kernel_check.c |
    xargs -P "$(nproc)" -I{} sh -c '
      source=$1 prefix=$2
      shift 2
      exec "$@" -c "$source" -o "$prefix-$(basename "$source" .c).o"' \
      compile {} "$out/$name" "$clang" "${flags[@]}" "$@"
}

sanitized=(-fsanitize=address,undefined -fno-sanitize-recover=all)
compile native -O1 "${sanitized[@]}"
"$clang" "${sanitized[@]}" "$out"/native-*.o -o "$out/native" "${libraries[@]}"
echo "== this processor, AddressSanitizer and UndefinedBehaviorSanitizer"
"$out/native"

echo "== teams, ThreadSanitizer"
"$clang" "${flags[@]}" -O1 -fsanitize=thread Sources/CKernels/team.c \
  Tests/Kernels/{check,check_teams,team_check}.c -o "$out/teams" "${libraries[@]}"
"$out/teams"

arm=/usr/aarch64-linux-gnu
runtime=$(echo /usr/lib/gcc-cross/aarch64-linux-gnu/*)
target=(--target=aarch64-linux-gnu "-I$arm/include" "-B$arm/lib" "-B$runtime")
compile arm -O2 "${target[@]}"
"$clang" "${target[@]}" -static "-L$arm/lib" "-L$runtime" "$out"/arm-*.o -o "$out/arm" \
  "${libraries[@]}"
echo "== 64-bit Arm, emulated"
qemu-aarch64 "$out/arm" scalar neon
