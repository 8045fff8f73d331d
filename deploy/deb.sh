#!/usr/bin/env bash
# Builds Debian packages of both programs out of what `make install` installs:
#
#   deploy/deb.sh       (or make deb)      writes .build/packages/*.deb
#
# REVISION (1) is the last part of the packages' version. The folder deploy/debian is debhelper's;
# nothing is compiled by it.
set -euo pipefail
cd "$(dirname "$0")/.."
deploy/setup.sh dpkg-dev debhelper fakeroot help2man >&2
version=$(deploy/version.sh)-${REVISION:-1}
SOURCE_DATE_EPOCH=$(deploy/version.sh --date)
export SOURCE_DATE_EPOCH
stage=.build/packages/debian-source
rm -rf "$stage"
mkdir -p "$stage"
cp -r deploy/debian "$stage/debian"
DESTDIR=$PWD/$stage/debian/built PREFIX=/usr deploy/install.sh >&2
mv "$stage/debian/built/usr/share/doc/crisp-server/copyright" "$stage/debian/copyright"
for unit in crisp-server crisp-server-worker; do
  cp "deploy/systemd/$unit.service" "$stage/debian/crisp-server.$unit.service"
done
cat >"$stage/debian/changelog" <<END
crisp-server ($version) unstable; urgency=medium

  * What is new stands in CHANGELOG.md of the project.

 -- $(sed -n 's/^Maintainer: //p' deploy/debian/control)  $(LC_ALL=C date -u -R -d "@$SOURCE_DATE_EPOCH")
END
(cd "$stage" && dpkg-buildpackage -b -us -uc -d >&2)
for package in .build/packages/*"_${version}_"*.deb; do
  echo "$package: $(stat -c %s "$package") bytes"
done
rm -rf "$stage"
