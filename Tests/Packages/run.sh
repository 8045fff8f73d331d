#!/usr/bin/env bash
# What operators install, installed: the tarball and the Debian packages in a clean system, the service
# under a systemd of its own, the container image, nginx in front, monitoring and Kubernetes' manifests. Prints PASS or FAIL for
# each and fails when one does; transcripts lie in .build/packages-test.
#
#   Tests/Packages/run.sh [CHECK …]          (or make test-packages)
#
# Needs root (chroot), Debian's mirror, and PyPI once. What it starts itself listens on loopback.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$PWD/.build/packages-test
mkdir -p "$work"
[ "$(id -u)" -eq 0 ] || { echo "packages: run this as root; it uses chroot"; exit 1; }
deploy/setup.sh debootstrap lintian nginx-light openssl podman runc conmon prometheus systemd \
  systemd-container curl
wanted=" ${*:-units monitoring kubernetes nginx tarball deb lintian service image} "
version=$(deploy/version.sh)
architecture=$(dpkg --print-architecture)

# What the builds say, for when one of them ends this.
rm -f "$work/build.log"
trap '[ $? -eq 0 ] || tail -n 20 "$work/build.log" 2>/dev/null || true' EXIT

failures=0
check() {
  local name=$1
  shift
  [[ "$wanted" == *" $name "* ]] || return 0
  if "$@" >"$work/$name.log" 2>&1; then
    sed -n 's/^  /      /p' "$work/$name.log"
    echo "PASS  $name"
  else
    tail -n 20 "$work/$name.log" | sed 's/^/      /'
    echo "FAIL  $name ($work/$name.log)"
    failures=$((failures + 1))
  fi
}

check units Tests/Packages/check_units.sh
check monitoring Tests/Packages/check_monitoring.sh "$work"
if [[ "$wanted" == *" kubernetes "* ]] && ! cmp -s Tests/Packages/requirements.txt "$work/installed.txt"; then
  python3 -m venv "$work/venv"
  "$work/venv/bin/pip" install -q -r Tests/Packages/requirements.txt
  cp Tests/Packages/requirements.txt "$work/installed.txt"
fi
check kubernetes "$work/venv/bin/python" Tests/Packages/check_kubernetes.py
check nginx python3 Tests/Packages/check_nginx.py .build/release/crisp-server "$work"

if [[ "$wanted" == *" tarball "* ]]; then
  deploy/tarball.sh >>"$work/build.log" 2>&1
  check tarball Tests/Packages/check_tarball.sh \
    ".build/packages/crisp-server-$version-linux-$(uname -m).tar.gz" "$work"
fi
case $wanted in
  *" deb "* | *" lintian "* | *" service "* | *" image "*) deploy/deb.sh >>"$work/build.log" 2>&1 ;;
esac
if [[ "$wanted" == *" deb "* ]]; then
  # What comes after it, to upgrade to.
  REVISION=2 deploy/deb.sh >>"$work/build.log" 2>&1
  check deb Tests/Packages/check_deb.sh "$version-1" "$version-2" "$work"
fi
# No bug of a bug tracker to close, and no release of Debian's that the package is for.
check lintian lintian --fail-on error,warning --allow-root --suppress-tags \
  initial-upload-closes-no-bugs,bogus-mail-host \
  .build/packages/*"_$version-1_$architecture.deb"
check service Tests/Packages/check_service.sh "$version-1" "$work"
if [[ "$wanted" == *" image "* ]]; then
  DEB=.build/packages/crisp-server_$version-1_$architecture.deb deploy/container/image.sh >>"$work/build.log" 2>&1
  check image Tests/Packages/check_image.sh ".build/packages/crisp-server-$version.image.tar" "$work"
fi

rm -rf "$work"/*-root
[ "$failures" -eq 0 ] || { echo "packages: $failures check(s) failed"; exit 1; }
echo "packages: all checks passed"
