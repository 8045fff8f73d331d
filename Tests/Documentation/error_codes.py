"""Documentation/error-codes.md is what the OpenAPI document says of every code of an answer:
error_codes.py [--write]. Without --write, fails when they differ.
"""

import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
TARGET = ROOT / "Documentation/error-codes.md"
HEAD = """# Error codes

The stable `code` of every problem document, by status; what it means and which members help. Codes of failed jobs are
in `/openapi.json` too, under the schema of a job's `error`. This page is made from
`Sources/APIDescription/openapi.json` by `Tests/Documentation/error_codes.py`.

| status | code | meaning |
|---|---|---|
"""


def codes(value):
    """Every {"const": code, "description": "STATUS. meaning"} of the document."""
    if isinstance(value, dict):
        status, _, meaning = str(value.get("description", "")).partition(". ")
        if "const" in value and status.isdigit():
            yield status, value["const"], meaning
        for member in value.values():
            yield from codes(member)
    elif isinstance(value, list):
        for member in value:
            yield from codes(member)


def page():
    document = json.loads((ROOT / "Sources/APIDescription/openapi.json").read_text())
    rows = sorted(set(codes(document)))
    return HEAD + "".join(f"| {status} | `{code}` | {meaning} |\n" for status, code, meaning in rows)


if __name__ == "__main__":
    if "--write" in sys.argv[1:]:
        TARGET.write_text(page())
    elif TARGET.read_text() != page():
        sys.exit(f"{TARGET.relative_to(ROOT)} is not what openapi.json says: {sys.argv[0]} --write")
