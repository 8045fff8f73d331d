#!/usr/bin/env bash
# The container image, run without a registry: not as root, with
# nothing to write but /data and /tmp, by its own health check: check_image.sh ARCHIVE FOLDER
set -euo pipefail
archive=$1 work=$2/image
image=crisp-server:$(deploy/version.sh)
rm -rf "$work"
mkdir -p "$work"
podman() {
  command podman --root "$work/storage" --runroot "$work/run" --storage-driver vfs \
    --runtime runc --cgroup-manager cgroupfs --events-backend file "$@"
}
name=
ended() {
  [ -z "$name" ] || podman rm --force --time 20 "$name" >/dev/null 2>&1
  # What still cleans up after the container may keep a folder; the next run removes it.
  rm -rf "$work" 2>/dev/null || true
}
trap ended EXIT
podman load --quiet --input "$archive" >/dev/null
bytes=$(podman image inspect --format '{{.Size}}' "$image")
[ "$bytes" -le 150000000 ] || { echo "the image has $bytes bytes"; exit 1; }
[ "$(podman image inspect --format '{{.Config.User}}' "$image")" = 65532:65532 ]

# Settings are the image's own; its network is a loopback of its own, which only programs in it reach.
name=$(podman run --detach --read-only --cap-drop all --security-opt no-new-privileges --network none \
  --ulimit nofile=4096:4096 --ulimit nproc=4096:4096 --no-healthcheck --tmpfs /tmp --volume data:/data \
  --env CRISP_WORKERS=2 "$image")
ask() { podman exec "$name" /bin/busybox wget -q -O - "${@:2}" "http://127.0.0.1:8080$1"; }
for _ in $(seq 60); do
  ! ask /healthz >/dev/null 2>&1 || break
  sleep 1
done
ask /healthz >/dev/null || { podman logs "$name"; exit 1; }
ask /readyz >/dev/null
if ask /jobs 2>/dev/null; then echo "it is open"; exit 1; fi
token=$(podman exec "$name" crisp-server token create 2>/dev/null)
ask /jobs --header "Authorization: Bearer $token" >/dev/null
podman exec "$name" crisp-server config | grep '^workers .* 2  (CRISP_WORKERS)'
[ "$(podman exec "$name" /bin/busybox id -u)" = 65532 ]
if podman exec "$name" /bin/busybox touch /etc/x 2>/dev/null; then echo "the root can be written"; exit 1; fi
# The image's own check, word for word.
mapfile -t words < <(podman image inspect --format '{{range .HealthCheck.Test}}{{println .}}{{end}}' "$image" |
  sed '/^$/d')
[ "${words[0]}" = CMD ]
podman exec "$name" "${words[@]:1}"
podman stop --time 30 "$name" >/dev/null
[ "$(podman inspect --format '{{.State.ExitCode}}' "$name")" = 0 ]
echo "  $bytes bytes; user 65532, read-only root, no capabilities; healthy; stops with 0"
