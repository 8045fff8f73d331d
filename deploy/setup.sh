#!/usr/bin/env bash
# Installs the Debian packages that CRISP server is built from and runs on, and those named as
# arguments. Does nothing, and needs no privileges, when all are there.
set -euo pipefail

packages=(
  libdnnl-dev            # oneDNN: dense training
  libsqlite3-dev         # SQLite: users, jobs, models
  libpq-dev              # PostgreSQL: the same for many servers (the package trait Fleet)
  libssl-dev             # OpenSSL: SHA-256, TLS
  libspng-dev            # PNG pictures
  libjpeg62-turbo-dev    # JPEG pictures
  libwebp-dev            # WebP pictures
  zlib1g-dev             # gzip-compressed data sets
  dataset-fashion-mnist  # the default data set
  libcurl4-openssl-dev   # HTTP requests: crisp personalize, object stores (the package trait Fleet)
  libturbojpeg0-dev      # tests: write JPEG pictures
  strace                 # tests: ends the server at every write to the disk
  python3-venv           # tests: libcrisp from Python, the numpy decoder
)

missing=()
for package in "${packages[@]}" "$@"; do
  status=$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true)
  [ "$status" = "install ok installed" ] || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

echo "setup: installing Debian packages: ${missing[*]}"
as_root=()
[ "$(id -u)" -eq 0 ] || as_root=(sudo)
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
echo "setup: done"
