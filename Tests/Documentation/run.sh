#!/usr/bin/env bash
# Holds README, the guides and CONTRIBUTING to the built programs: their commands run, what they name
# exists, their examples compile. CONTRIBUTING.md ("Documents") says how blocks are marked.
#
#   Tests/Documentation/run.sh [--quick] [DOCUMENT …]     (part of make test, which builds first)
set -euo pipefail
cd "$(dirname "$0")/../.."
python3 -m unittest discover -q -s Tests/Documentation -p 'test_*.py'
python3 Tests/Documentation/doc_comments.py
python3 Tests/Documentation/error_codes.py
python3 Documentation/images/draw.py --check
exec python3 Tests/Documentation/check.py "$@"
