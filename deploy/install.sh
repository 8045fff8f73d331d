#!/usr/bin/env bash
# Installs both programs with what belongs to them:
#
#   PREFIX=/usr/local DESTDIR= deploy/install.sh       (or make install PREFIX=/usr/local)
#
# bin/ the programs; share/bash-completion/; share/man/ where help2man is; share/doc/crisp-server/ the
# guides and the licences; share/crisp-server/ files to start from for systemd, nginx, Prometheus,
# Grafana and Kubernetes. Nothing else is needed: migrations and the default model are in the program.
set -euo pipefail
cd "$(dirname "$0")/.."
prefix=${DESTDIR:-}${PREFIX:-/usr/local}
built=$(deploy/programs.sh)
# help2man dates its pages by it.
SOURCE_DATE_EPOCH=$(deploy/version.sh --date)
export SOURCE_DATE_EPOCH

for program in crisp crisp-server; do
  install -D -m 755 "$built/$program" "$prefix/bin/$program"
  # Symbols of Swift's runtime and of every package: half of the file.
  strip "$prefix/bin/$program"
  completion=$prefix/share/bash-completion/completions/$program
  mkdir -p "${completion%/*}"
  # It is read by a shell, never run.
  "$built/$program" --generate-completion-script bash | sed '1{/^#!/d}' >"$completion"
  if command -v help2man >/dev/null; then
    mkdir -p "$prefix/share/man/man1"
    case $program in
      crisp) what='tailor image classifiers, run them and ask servers for them' ;;
      *) what='serve tailored image classifiers' ;;
    esac
    # One page a program; each command's own help is longer and up to date.
    help2man --no-info --section 1 --name "$what" --version-string \
      "$("$built/$program" --version)" "$built/$program" | gzip -9n \
      >"$prefix/share/man/man1/$program.1.gz"
  fi
done

documents=$prefix/share/doc/crisp-server
mkdir -p "$documents"
cp -r README.md SECURITY.md CHANGELOG.md LICENSE Documentation "$documents/"
deploy/licences.sh >"$documents/copyright"
mkdir -p "$prefix/share/crisp-server"
cp -r deploy/systemd deploy/nginx deploy/prometheus deploy/grafana deploy/kubernetes \
  "$prefix/share/crisp-server/"
chmod -R u=rwX,go=rX "$documents" "$prefix/share/crisp-server"
