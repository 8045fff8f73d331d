#!/usr/bin/env bash
# The container image, run without a registry and without a network of its own: not as root, with
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

port=$(python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
# The host's network, as the machine that builds may be a container itself.
name=$(podman run --detach --read-only --cap-drop all --security-opt no-new-privileges \
  --network host --ulimit nofile=4096:4096 --ulimit nproc=4096:4096 \
  --no-healthcheck --tmpfs /tmp --volume data:/data \
  --env CRISP_HOST=127.0.0.1 --env CRISP_INSECURE=false --env "CRISP_PORT=$port" "$image")
url=http://127.0.0.1:$port
curl -sf --retry 30 --retry-delay 1 --retry-connrefused "$url/healthz" >/dev/null || { podman logs "$name"; exit 1; }
curl -sf "$url/readyz" >/dev/null
[ "$(curl -s -o /dev/null -w '%{http_code}' "$url/jobs")" = 401 ]
token=$(podman exec "$name" crisp-server token create 2>/dev/null)
curl -sf -H "Authorization: Bearer $token" "$url/jobs" >/dev/null
podman exec "$name" /bin/busybox wget -q -O /dev/null "$url/healthz"
[ "$(podman exec "$name" /bin/busybox id -u)" = 65532 ]
if podman exec "$name" /bin/busybox touch /etc/x 2>/dev/null; then echo "the root can be written"; exit 1; fi
health=$(podman image inspect --format '{{.HealthCheck.Test}}' "$image")
[[ "$health" == *wget*healthz* ]]
podman stop --time 30 "$name" >/dev/null
[ "$(podman inspect --format '{{.State.ExitCode}}' "$name")" = 0 ]
echo "  $bytes bytes; user 65532, read-only root, no capabilities; healthy; stops with 0"
