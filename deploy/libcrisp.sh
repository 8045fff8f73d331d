#!/usr/bin/env bash
# Builds libcrisp, the sparse runtime for programs in other languages, and installs it:
#
#   PREFIX=/usr/local deploy/libcrisp.sh       (or make libcrisp PREFIX=/usr/local)
#
# writes PREFIX/lib/libcrisp.so, PREFIX/include/libcrisp.h and PREFIX/lib/pkgconfig/libcrisp.pc.
# The Swift runtime is linked in, so the library needs nothing but glibc and libstdc++.
set -euo pipefail
cd "$(dirname "$0")/.."

prefix=${PREFIX:-.build/libcrisp}
mkdir -p "$prefix/lib/pkgconfig" "$prefix/include"
prefix=$(cd "$prefix" && pwd)
swift=${SWIFT:-swift}
$swift build -c release --product LibCrisp >&2
objects=$($swift build -c release --show-bin-path)/LibCrisp.product/Objects.LinkFileList

# SwiftPM compiles; the link is done here, because SwiftPM cannot name the result libcrisp.so (the
# program `crisp` exists), give it a soname or hide what is not part of the interface. The objects
# are linked one by one, not from the archive, since -static-stdlib hides what archives define.
# FoundationEssentials' parts are named because the objects do not ask for them. The whole Foundation
# is not: it brings 44 MB along, most of it Unicode data, so a use of it fails here. nodelete: Swift's
# runtime cannot be unloaded. nostart-stop-gc: it finds types by the bounds of sections.
foundation=(-l_FoundationCollections -l_FoundationCShims -lswiftSynchronization)
linker=(--version-script=deploy/libcrisp.map -soname libcrisp.so --strip-all
  --gc-sections -z nostart-stop-gc -z nodelete -z defs)
"${swift}c" -emit-library -static-stdlib -use-ld=lld -o "$prefix/lib/libcrisp.so" "@$objects" \
  "${foundation[@]}" $(printf -- '-Xlinker %s ' "${linker[@]}") >&2

cp Sources/CLibCrisp/include/libcrisp.h "$prefix/include/"
version() { sed -n "s/^#define LIBCRISP_VERSION_$1 //p" Sources/CLibCrisp/include/libcrisp.h; }
cat >"$prefix/lib/pkgconfig/libcrisp.pc" <<END
prefix=$prefix
libdir=\${prefix}/lib
includedir=\${prefix}/include

Name: libcrisp
Description: Runs packed CRISP models
Version: $(version MAJOR).$(version MINOR)
Libs: -L\${libdir} -lcrisp
Cflags: -I\${includedir}
END
echo "$prefix/lib/libcrisp.so: $(stat -c %s "$prefix/lib/libcrisp.so") bytes"
