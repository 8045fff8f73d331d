#!/usr/bin/env bash
# Packs what `make install` installs into one file that may be unpacked anywhere:
#
#   deploy/tarball.sh       (or make tarball)      writes .build/packages/crisp-server-VERSION-linux-ARCH.tar.gz
#
# Debian's libraries that the programs need lie in lib/ beside bin/ and are found from there, except
# those of the C and C++ compilers: the system needs glibc 2.36 or newer, and libstdc++ of GCC 12.
set -euo pipefail
cd "$(dirname "$0")/.."
deploy/setup.sh patchelf >&2
version=$(deploy/version.sh)
name=crisp-server-$version-linux-$(uname -m)
stage=.build/packages/$name
rm -rf "$stage"
mkdir -p "$stage"
DESTDIR=$PWD/$stage PREFIX=/ deploy/install.sh >&2

mkdir "$stage/lib"
system='lib(c|m|dl|rt|pthread|resolv|stdc\+\+|gcc_s)\.so|ld-linux|linux-vdso'
ldd "$stage/bin/crisp" "$stage/bin/crisp-server" | awk '$2 == "=>" { print $1, $3 }' | sort -u |
  grep -Ev "^($system)" | while read -r library path; do
    install -m 644 "$(readlink -f "$path")" "$stage/lib/$library"
    package=$(dpkg-query -S "$(readlink -f "$path")" 2>/dev/null || dpkg-query -S "$path")
    package=${package%%:*}
    # shellcheck disable=SC2016
    dpkg-query -W -f '${Package} ${Version}\n' "$package" >>"$stage/lib/VERSIONS"
    cp "/usr/share/doc/$package/copyright" "$stage/lib/$package.copyright"
  done
sort -u -o "$stage/lib/VERSIONS" "$stage/lib/VERSIONS"
# An RPATH, which libraries found through it inherit; a RUNPATH they would not.
patchelf --force-rpath --set-rpath '$ORIGIN/../lib' "$stage/bin/crisp" "$stage/bin/crisp-server"

# The same bytes for the same sources.
tar -C .build/packages --sort=name --owner=0 --group=0 --numeric-owner \
  --mtime="@$(deploy/version.sh --date)" -c "$name" |
  gzip -9n >"$stage.tar.gz"
rm -rf "$stage"
echo "$stage.tar.gz: $(stat -c %s "$stage.tar.gz") bytes"
