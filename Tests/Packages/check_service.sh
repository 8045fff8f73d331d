#!/usr/bin/env bash
# The package under a real systemd, booted in a container: the unit as it is, hardening and all, runs a
# job, says when it is ready, reloads, and comes back after a crash: check_service.sh VERSION FOLDER
set -euo pipefail
source Tests/Packages/chroot.sh
version=$1
architecture=$(dpkg --print-architecture)
make_chroot "$2/service-root"
cp .build/packages/*_"${version}_$architecture.deb" "$root/var/tmp/"
in_chroot sh -c "apt-get -y -qq --no-install-recommends install systemd-sysv curl dataset-fashion-mnist /var/tmp/crisp*.deb" >"$root.apt" 2>&1 ||
  { tail "$root.apt"; exit 1; }
umount "$root/proc"
# A port of its own: the network is this machine's.
port=$(python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
echo "port = $port" >>"$root/etc/crisp-server/server.conf"

cat >"$root/check.sh" <<END
#!/bin/bash
exec >/result 2>&1
set -euxo pipefail
url=http://127.0.0.1:$port
# Started by the boot, and active because the server said so.
[ "\$(systemctl show -P SubState crisp-server)" = running ]
[ "\$(systemctl show -P StatusText crisp-server)" = "listening on \$url" ]
curl -sf \$url/readyz
crisp personalize --server \$url --user ada --classes Sandal,Bag --out /tmp/bag.crisp.safetensors \\
  --options '{"recipe":{"iterations":1,"dense_epochs":0,"final_epochs":1,"samples_per_class":32}}'
pid=\$(systemctl show -P MainPID crisp-server)
systemctl reload crisp-server
curl -sf \$url/healthz
[ "\$(systemctl show -P MainPID crisp-server)" = "\$pid" ]
# What hardening leaves: another user's rights, no way to write but to its state.
[ "\$(stat -c %U /proc/\$pid)" = crisp-server ]
grep -q 'CapBnd:.0000000000000000' /proc/\$pid/status
grep -q 'NoNewPrivs:.1' /proc/\$pid/status
grep -q 'Seccomp:.2' /proc/\$pid/status
! nsenter -t \$pid -m touch /etc/x
nsenter -t \$pid -m touch /var/lib/crisp-server/x
# systemd starts it again.
kill -KILL \$pid
timeout 60 bash -c 'until curl -sf \$0/readyz; do sleep 0.2; done' \$url
[ "\$(systemctl show -P NRestarts crisp-server)" = 1 ]
curl -sf \$url/models | grep model_
systemctl stop crisp-server
[ "\$(systemctl show -P Result crisp-server)" = success ]
[ "\$(systemctl show -P ExecMainStatus crisp-server)" = 0 ]
echo all good
END
chmod 755 "$root/check.sh"
cat >"$root/etc/systemd/system/check.service" <<END
[Unit]
After=crisp-server.service
Wants=crisp-server.service
[Service]
Type=oneshot
ExecStart=/check.sh
ExecStopPost=/bin/systemctl poweroff --no-block
[Install]
WantedBy=multi-user.target
END
in_chroot systemctl enable check.service 2>/dev/null
timeout 300 systemd-nspawn --quiet --register=no --keep-unit --boot --directory "$root" </dev/null >"$root.log" 2>&1 || true
if [ "$(tail -n 1 "$root/result")" != 'all good' ]; then
  tail -15 "$root/result"
  in_chroot journalctl --no-pager -u crisp-server 2>/dev/null | tail -15
  exit 1
fi
echo "  under systemd $(in_chroot dpkg-query -W -f '${Version}' systemd): ready, runs a job, reloads, starts again after SIGKILL, stops"
