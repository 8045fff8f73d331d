#!/usr/bin/env bash
# Checks what programs in other languages use: libcrisp from C and Python against `crisp predict`,
# and the numpy decoder of packed files against `crisp convert`.
#
#   Tests/LibCrisp/run.sh       (part of make test, which builds first)
#
# Everything it fetches and writes stands in .build/libcrisp-test. LIBCRISP_PYTHON names an
# interpreter that has requirements.txt already.
set -euo pipefail
cd "$(dirname "$0")/../.."

work=.build/libcrisp-test
here=Tests/LibCrisp
swift=${SWIFT:-swift}
fail() { echo "libcrisp: $1" >&2; exit 1; }
mkdir -p "$work"

python=${LIBCRISP_PYTHON:-$work/venv/bin/python}
if [ -z "${LIBCRISP_PYTHON:-}" ] && ! cmp -s $here/requirements.txt "$work/installed.txt"; then
  echo "libcrisp: installing Python packages (once)"
  python3 -m venv "$work/venv" || fail "python3 -m venv failed; deploy/setup.sh installs python3-venv"
  "$work/venv/bin/pip" install -q --disable-pip-version-check --retries 1 --timeout 10 \
    -r $here/requirements.txt >"$work/pip.log" 2>&1 ||
    fail "numpy and safetensors cannot be fetched from PyPI ($work/pip.log): connect to the network \
once, or name an interpreter that has them by LIBCRISP_PYTHON"
  cp $here/requirements.txt "$work/installed.txt"
fi

PREFIX="$work/prefix" deploy/libcrisp.sh 2>"$work/build.log" ||
  { cat "$work/build.log" >&2; fail "the library does not build"; }
exported=$(nm -D --defined-only "$work/prefix/lib/libcrisp.so" | awk '{print $3}' | sort)
declared=$(sed -n 's/^crisp_status \(crisp_[a-z_]*\)(.*/\1/p' Sources/CLibCrisp/include/libcrisp.h |
  sort)
[ "$exported" = "$declared" ] || fail "exported and declared functions differ:
$(diff <(echo "$exported") <(echo "$declared"))"
unwanted=$(ldd "$work/prefix/lib/libcrisp.so" | grep -iE 'swift|foundation|dispatch|dnnl' || true)
[ -z "$unwanted" ] || fail "the library needs what a user may not have: $unwanted"

cc=${CC:-$(command -v cc || command -v clang)}
flags=(-Wall -Wextra -Werror -pedantic -I"$work/prefix/include")
"$cc" -std=c99 -O1 "${flags[@]}" $here/example.c -L"$work/prefix/lib" -lcrisp \
  -Wl,-rpath,"$PWD/$work/prefix/lib" -o "$work/example"
echo '#include <libcrisp.h>' | "$(command -v clang++ || command -v c++)" -std=c++11 "${flags[@]}" \
  -fsyntax-only -x c++ -

rm -rf "$work/fixtures"
CRISP_FIXTURES="$work/fixtures" $swift test -c release --skip-build --disable-xctest \
  --filter writesEveryFixture >"$work/fixtures.log" 2>&1 ||
  { cat "$work/fixtures.log" >&2; fail "no fixtures; build the tests first (make test)"; }
"$python" $here/check.py "${CRISP:-.build/release/crisp}" "$work" $here
