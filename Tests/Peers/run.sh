#!/usr/bin/env bash
# Compares `crisp` with the programs that others use: onnxruntime and PyTorch, on real weights and
# photographs; and `crisp-server` with what its clients are made of: llhttp and h11 on the bytes of
# HTTP, the hub's own client, schemathesis on its OpenAPI document, Prometheus on its metrics, a
# browser on its page. Prints PASS or FAIL for each check and fails when one does.
#
#   Tests/Peers/run.sh          (or make test-peers)
#
# Everything it fetches and writes stands in .build/peers. CRISP, CRISP_SERVER and PARSER_DRIVER
# name other binaries than those that are built; PEERS_PYTHON an interpreter that has
# requirements.txt already.
set -euo pipefail
cd "$(dirname "$0")/../.."

work=.build/peers
mkdir -p "$work"
python=${PEERS_PYTHON:-$work/venv/bin/python}
if [ -z "${PEERS_PYTHON:-}" ]; then
  if ! cmp -s Tests/Peers/requirements.txt "$work/installed.txt"; then
    echo "peers: installing Python packages (once)"
    python3 -m venv "$work/venv"
    # PIP_EXTRA_INDEX_URL may name an index with PyTorch's smaller builds for CPUs.
    "$work/venv/bin/pip" install -q -r Tests/Peers/requirements.txt
    cp Tests/Peers/requirements.txt "$work/installed.txt"
  fi
fi

crisp=${CRISP:-.build/release/crisp}
[ -n "${CRISP:-}" ] || swift build -c release --product crisp
server=${CRISP_SERVER:-.build/release/crisp-server}
[ -n "${CRISP_SERVER:-}" ] || swift build -c release --product crisp-server
driver=${PARSER_DRIVER:-.build/release/parser-driver}
[ -n "${PARSER_DRIVER:-}" ] || swift build -c release --product parser-driver

failures=0
check() {
  local name=$1
  shift
  if "$@" >"$work/$name.log" 2>&1; then
    sed -n 's/^  /      /p' "$work/$name.log"
    echo "PASS  $name"
  else
    tail -n 20 "$work/$name.log" | sed 's/^/      /'
    echo "FAIL  $name ($work/$name.log)"
    failures=$((failures + 1))
  fi
}

check onnx-import-efficientnet "$python" Tests/Peers/check_efficientnet.py "$crisp" "$work"
check onnx-export "$python" Tests/Peers/check_onnx_export.py "$crisp" "$work"
check state-dict "$python" Tests/Peers/check_state_dict.py "$crisp" "$work"
check http-requests "$python" Tests/Peers/check_http.py "$driver"
check http-responses "$python" Tests/Peers/check_http_client.py "$server" "$driver"
check hub "$python" Tests/Peers/check_hub.py "$server" "$work"
check metrics "$python" Tests/Peers/check_metrics.py "$server" "$work"
check openapi "$python" Tests/Peers/check_openapi.py "$server" "$work"

# Debian's browser: PyPI has only what drives one.
if [ -z "${CHROMIUM:-}" ] && ! command -v chromium >/dev/null; then deploy/setup.sh chromium; fi
check page "$python" Tests/Peers/check_page.py "$server" "$work"

[ "$failures" -eq 0 ] || { echo "peers: $failures check(s) failed"; exit 1; }
echo "peers: all checks passed"
