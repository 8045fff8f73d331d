#!/usr/bin/env bash
# Checks the C kernels: those of this processor under sanitizers (check.sh), and those for Arm under
# emulation. Needs Swift's clang only; Debian's qemu-user and C library for Arm are installed when
# they are missing.
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

Tests/Kernels/check.sh
. Tests/Kernels/compile.sh

arm=/usr/aarch64-linux-gnu
runtime=$(echo /usr/lib/gcc-cross/aarch64-linux-gnu/*)
target=(--target=aarch64-linux-gnu "-I$arm/include" "-B$arm/lib" "-B$runtime")
compile arm -O2 "${target[@]}"
"$clang" "${target[@]}" -static "-L$arm/lib" "-L$runtime" "$out"/arm-*.o -o "$out/arm" \
  "${libraries[@]}"
echo "== 64-bit Arm, emulated"
qemu-aarch64 "$out/arm" scalar neon
