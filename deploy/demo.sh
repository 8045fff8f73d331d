#!/usr/bin/env bash
# The main job on real input: a fresh server, two requests over HTTP, two downloads, one table.
#   DEMO_OPTIONS='{"recipe":{…}}'  further fields of the requests, for a shorter run
set -euo pipefail
cd "$(dirname "$0")/.."
bin=.build/release
folder=$(mktemp -d)
options=${DEMO_OPTIONS:-}
server=
finish() {
  if [ -n "$server" ]; then
    kill "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
  fi
  rm -rf "$folder"
}
trap finish EXIT

echo "Starting crisp-server on a free port with a fresh database …"
mkfifo "$folder/out"
"$bin/crisp-server" --db "$folder/crisp.sqlite" --port 0 >"$folder/out" 2>"$folder/log" &
server=$!
if ! read -r line <"$folder/out"; then
  echo "the server did not start:" >&2
  cat "$folder/log" >&2
  exit 1
fi
url=${line#listening on }
echo "$line"

personalize() { # user, classes, name
  local start=$SECONDS
  echo
  echo "POST /users/$1/classes  {$2}  90 % sparsity"
  "$bin/crisp" personalize --server "$url" --user "$1" --classes "$2" --sparsity 0.9 \
    ${options:+--options "$options"} --out "$folder/$3.crisp.safetensors" --json \
    >"$folder/$3.json"
  echo "downloaded and verified $3.crisp.safetensors after $((SECONDS - start)) s"
}
personalize ada "Sandal,Sneaker,Ankle boot" shoes
personalize grace "T-shirt,Pullover,Coat,Shirt" tops

echo
"$bin/crisp" table "$folder/shoes.json" "$folder/tops.json"
