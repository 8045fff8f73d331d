#!/usr/bin/env bash
# Builds a container image of the server without any registry: Debian's libraries by mmdebstrap, the
# program from its Debian package.
#
#   deploy/container/image.sh       (or make image)      writes .build/packages/crisp-server-VERSION.image.tar
#
# The archive is for `podman load`, `docker load` or `skopeo copy`. DEB names a package to take. Needs
# root: packages have files of several owners.
set -euo pipefail
cd "$(dirname "$0")/../.."
deploy/setup.sh mmdebstrap buildah >&2
[ "$(id -u)" -eq 0 ] || { echo "image: run this as root; it unpacks a system" >&2; exit 1; }
version=$(deploy/version.sh)
architecture=$(dpkg --print-architecture)
deb=${DEB:-.build/packages/crisp-server_$version-1_$architecture.deb}
[ -n "${DEB:-}" ] || deploy/deb.sh >&2
work=.build/packages/image
rm -rf "$work"
mkdir -p "$work"
cp deploy/container/Containerfile "$work/"

# What the package depends on, without what only its scripts need. busybox asks for the health and is
# all there is of a shell.
needed=$(dpkg-deb -f "$deb" Depends | tr ',' '\n' | sed -E 's/^ *//; s/[ |(:].*//' | grep -vx adduser)
# Packages are unpacked, no script of theirs runs.
mmdebstrap --quiet --variant=extract \
  --include="$(echo $needed busybox ca-certificates | tr ' ' ',')" \
  "$(. /etc/os-release && echo "$VERSION_CODENAME")" "$work/rootfs"
dpkg-deb -x "$deb" "$work/rootfs"

root=$work/rootfs
for file in "$root"/usr/share/ca-certificates/mozilla/*.crt; do
  cat "$file"
  echo
done >"$root/etc/ssl/certs/ca-certificates.crt"
echo 'root:x:0:0:root:/:/bin/false
crisp-server:x:65532:65532:CRISP server:/data:/bin/false' >"$root/etc/passwd"
echo 'root:x:0:
crisp-server:x:65532:' >"$root/etc/group"
# Licences stay, and dpkg's list, which tells scanners what is in here.
find "$root/usr/share/doc" -type f ! -name copyright -delete
find "$root/usr/share/doc" -type d -empty -delete
rm -rf "$root"/usr/share/{man,locale,info,lintian,bug,perl5,bash-completion,ca-certificates} \
  "$root"/usr/share/doc-base "$root"/usr/lib/systemd "$root"/lib/systemd "$root"/etc/{init.d,cron.daily} \
  "$root"/usr/lib/*/gconv "$root"/usr/lib/*/perl-base "$root"/var/cache/* "$root"/var/lib/apt
mkdir -p "$root/data" "$root/tmp"
chmod 1777 "$root/tmp"
chown 65532:65532 "$root/data"
tar -C "$root" --sort=name --numeric-owner --mtime="@$(deploy/version.sh --date)" -cf "$root.tar" .
bytes=$(du -sm "$root" | cut -f 1)
rm -rf "$root"

# Storage of its own, and no mount of any kind.
buildah() { command buildah --root "$PWD/$work/storage" --runroot "$PWD/$work/run" --storage-driver vfs "$@"; }
buildah build --isolation chroot --format docker --quiet --tag "crisp-server:$version" "$work" >&2
archive=.build/packages/crisp-server-$version.image.tar
rm -f "$archive"
buildah push --quiet "crisp-server:$version" "docker-archive:$archive:crisp-server:$version" >&2
echo "$archive: $bytes MB of files"
rm -rf "$work"
