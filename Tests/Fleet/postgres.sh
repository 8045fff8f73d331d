#!/usr/bin/env bash
# Starts a PostgreSQL server on loopback below a folder, for tests that make databases on it.
#
#   Tests/Fleet/postgres.sh FOLDER
#
# FOLDER/postgres.env then says where it is, as the tests read it, and FOLDER/postgres.pid whom to end. Run
# by root it takes another user, because the server refuses to be root's. CRISP_POSTGRES names a folder
# with its programs where they are not Debian's (the package postgresql).
set -euo pipefail
folder=$(realpath "$1")
fail() { echo "postgres: $1" >&2; exit 1; }

programs=${CRISP_POSTGRES:-}
if [ -z "$programs" ]; then
  for each in /usr/lib/postgresql/*/bin; do [ -x "$each/initdb" ] && programs=$each; done
fi
[ -x "$programs/initdb" ] ||
  fail "there is no PostgreSQL server: deploy/setup.sh postgresql installs Debian's, or name one by CRISP_POSTGRES"

data=$folder/postgres
mkdir -p "$data"
as=()
if [ "$(id -u)" -eq 0 ]; then
  chown nobody "$data"
  # The folder above may be root's alone.
  chmod o+x "$folder"
  as=(runuser -u nobody --)
fi
port=$(python3 -c 'import socket
with socket.socket() as s:
    s.bind(("127.0.0.1", 0))
    print(s.getsockname()[1])')

cd "$data"
"${as[@]}" "$programs/initdb" -D "$data/files" -U crisp -A trust --no-instructions -E UTF8 --locale=C \
  >"$folder/postgres.log" 2>&1 || fail "initdb failed: $(tail -3 "$folder/postgres.log")"
# Nobody else's: loopback only, and passwords where a test asks for one.
cat >>"$data/files/postgresql.conf" <<CONF
listen_addresses = '127.0.0.1'
port = $port
unix_socket_directories = '$data'
max_connections = 300
CONF
"${as[@]}" "$programs/postgres" -D "$data/files" >>"$folder/postgres.log" 2>&1 </dev/null &
for _ in $(seq 150); do
  [ "$(head -8 "$data/files/postmaster.pid" 2>/dev/null | tail -1 | tr -d ' ')" = ready ] && break
  sleep 0.2
done
[ "$(head -8 "$data/files/postmaster.pid" 2>/dev/null | tail -1 | tr -d ' ')" = ready ] ||
  fail "it does not start: $(tail -3 "$folder/postgres.log")"
head -1 "$data/files/postmaster.pid" >"$folder/postgres.pid"
echo "export CRISP_TEST_POSTGRES=postgresql://crisp@127.0.0.1:$port/postgres" >"$folder/postgres.env"
