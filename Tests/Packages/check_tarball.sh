#!/usr/bin/env bash
# The tarball in a clean Debian without Swift and without any library of its own, from any folder:
# check_tarball.sh TARBALL FOLDER
set -euo pipefail
source Tests/Packages/chroot.sh
tarball=$1
make_chroot "$2/tarball-root"
in_chroot apt-get install -qq --no-install-recommends libstdc++6 >/dev/null
mkdir "$root/any where"
tar -C "$root/any where" -xzf "$tarball" --strip-components=1

for program in crisp crisp-server; do
  needed=$(in_chroot ldd "/any where/bin/$program")
  if grep -E 'not found|libswift|Foundation|dispatch' <<<"$needed"; then exit 1; fi
  echo "  $program: $(stat -c %s "$root/any where/bin/$program") bytes, $(grep -c '=> /any where' <<<"$needed") libraries of the tarball, $(grep -c '=> /lib' <<<"$needed") of the system"
done
serve "/any where/bin/crisp-server" --db /tmp/crisp.sqlite --port 0
curl -sf "$url/healthz" >/dev/null
version=$(in_chroot "/any where/bin/crisp" --version)
end_server

# And once it has been moved.
mv "$root/any where" "$root/opt/moved"
serve /opt/moved/bin/crisp-server --db /tmp/crisp.sqlite --port 0
curl -sf "$url/readyz" >/dev/null
in_chroot /opt/moved/bin/crisp models --server "$url" >/dev/null
end_server
echo "  $version runs from two folders of a system of $(in_chroot dpkg-query -W | wc -l) packages"
du -sh "$root/opt/moved" | sed 's/^/  unpacked /; s/\t.*//'
