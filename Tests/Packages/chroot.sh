# A Debian system in a folder, to be read by the checks with `source`. Needs root.
#
#   make_chroot FOLDER     a fresh minimal system, from an archive kept beside it
#   in_chroot WORD…        runs a command in it
#   serve WORD…            starts a command that says where it listens, and sets `url`
#   end_server             ends it by its id, and waits

ended() {
  end_server
  [ -z "${root:-}" ] || ! mountpoint -q "$root/proc" || umount "$root/proc"
}
trap ended EXIT
server=

make_chroot() {
  root=$1
  local base
  base=$(dirname "$root")/minbase.tar
  if [ ! -e "$base" ]; then
    debootstrap --variant=minbase "$(. /etc/os-release && echo "$VERSION_CODENAME")" "$root.new" >/dev/null
    tar -C "$root.new" -cf "$base.new" .
    mv "$base.new" "$base"
    rm -rf "$root.new"
  fi
  rm -rf "$root"
  mkdir -p "$root"
  tar -C "$root" -xf "$base"
  cp /etc/resolv.conf "$root/etc/"
  # Nothing is started by a package's scripts.
  printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
  chmod 755 "$root/usr/sbin/policy-rc.d"
  mount -t proc proc "$root/proc"
}

inside=(/usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C DEBIAN_FRONTEND=noninteractive)
in_chroot() { chroot "$root" "${inside[@]}" "$@"; }

serve() {
  rm -f "$root.out"
  mkfifo "$root.out"
  # Not the function: its id would be that of a shell in between.
  chroot "$root" "${inside[@]}" "$@" >"$root.out" 2>>"$root.log" &
  server=$!
  local line
  read -r -t 60 line <"$root.out" || { cat "$root.log"; echo "the server did not start"; exit 1; }
  url=${line#listening on }
}

end_server() {
  [ -n "$server" ] || return 0
  kill "$server" 2>/dev/null || true
  wait "$server" || true
  server=
}
