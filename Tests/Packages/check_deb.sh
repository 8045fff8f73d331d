#!/usr/bin/env bash
# The Debian packages in a clean system: installed, used, upgraded, removed and purged:
# check_deb.sh VERSION NEWER-VERSION FOLDER
set -euo pipefail
source Tests/Packages/chroot.sh
say() { echo "  $*"; }
fail() { echo "FAIL: $*"; exit 1; }
version=$1 newer=$2
architecture=$(dpkg --print-architecture)
make_chroot "$3/deb-root"
cp .build/packages/*_{"$version","$newer"}_"$architecture".deb "$root/var/tmp/"
apt() { in_chroot apt-get -y -qq --no-install-recommends -o Dpkg::Options::=--force-confold "$@" >>"$root.apt" 2>&1 || { tail -20 "$root.apt"; fail "apt-get $*"; }; }
: >"$root.apt"

apt install "/var/tmp/crisp-server_${version}_$architecture.deb" "/var/tmp/crisp_${version}_$architecture.deb" dataset-fashion-mnist
[ "$(stat -c '%U %G %a' "$root/etc/crisp-server/worker.env")" = "root root 640" ] || fail "worker.env"
[ "$(in_chroot stat -c '%U %G %a' /var/lib/crisp-server)" = "crisp-server crisp-server 750" ] || fail "state folder"
[ -L "$root/etc/systemd/system/multi-user.target.wants/crisp-server.service" ] || fail "not enabled"
[ ! -L "$root/etc/systemd/system/multi-user.target.wants/crisp-server-worker.service" ] || fail "worker enabled"
for page in man1/crisp.1.gz man1/crisp-server.1.gz; do [ -e "$root/usr/share/man/$page" ] || fail "$page"; done
say "installed: $(in_chroot dpkg-query -W -f '${Package} ${Version}, ${Installed-Size} KB; ' crisp-server crisp)"

as_service() { in_chroot setpriv --reuid=crisp-server --regid=crisp-server --init-groups env CRISP_PORT=0 "$@"; }
conf=/etc/crisp-server/server.conf
as_service crisp-server config --config "$conf" | grep '^db .*/var/lib/crisp-server/crisp.sqlite' || fail "config"
token=$(as_service crisp-server token create --config "$conf" 2>/dev/null)
start() { serve setpriv --reuid=crisp-server --regid=crisp-server --init-groups env CRISP_PORT=0 crisp-server serve --config "$conf"; }
ask() { curl -sf -H "Authorization: Bearer $token" "$url$1"; }
start
[ "$(curl -s -o /dev/null -w '%{http_code}' "$url/jobs")" = 401 ] || fail "open"
ask /readyz >/dev/null
in_chroot env CRISP_TOKEN="$token" HOME=/tmp crisp personalize --server "$url" --user ada --classes Sandal,Bag \
  --options '{"recipe":{"iterations":1,"dense_epochs":0,"final_epochs":1,"samples_per_class":32}}' \
  --out /tmp/bag.crisp.safetensors >/dev/null
say "tailored a model: $(stat -c %s "$root/tmp/bag.crisp.safetensors") bytes"
models=$(ask /models)
# The drill: a copy while the server runs, the database lost, the copy put back.
as_service crisp-server backup --config "$conf" /var/lib/crisp-server/backup.sqlite >/dev/null
end_server
rm "$root"/var/lib/crisp-server/crisp.sqlite*
as_service crisp-server restore --config "$conf" /var/lib/crisp-server/backup.sqlite >/dev/null
start
[ "$(ask /models)" = "$models" ] || fail "the backup lost a model"
end_server
say "restored from a backup: the model is there"

echo '# mine' >>"$root$conf"
apt install "/var/tmp/crisp-server_${newer}_$architecture.deb" "/var/tmp/crisp_${newer}_$architecture.deb"
grep -q '^# mine' "$root$conf" || fail "the upgrade replaced the configuration"
as_service crisp-server check --config "$conf" >/dev/null
start
[ "$(ask /models)" = "$models" ] || fail "the upgrade lost a model"
end_server
say "upgraded: $(in_chroot dpkg-query -W -f '${Package} ${Version}; ' crisp-server crisp)the model is there"

apt remove crisp-server crisp
[ ! -e "$root/usr/bin/crisp-server" ] || fail "the program stays"
[ -e "$root/var/lib/crisp-server/crisp.sqlite" ] && [ -e "$root$conf" ] || fail "removing took more than the program"
say "removed: the database and the configuration stay"
apt install "/var/tmp/crisp-server_${newer}_$architecture.deb"
start
[ "$(ask /models)" = "$models" ] || fail "installing again lost a model"
end_server
say "installed again: the model is there"
apt purge crisp-server
left=$(in_chroot find /etc /usr /var -xdev -path '*crisp-server*' ! -path '/var/tmp/*' ! -path '/usr/share/datasets/*')
[ -z "$left" ] || fail "purging leaves $left"
say "purged: nothing is left"
