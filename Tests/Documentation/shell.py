"""Runs the commands of a document, in order, in one shell and one folder."""

import subprocess

SECONDS = 900  # for all of a document's commands

START = r"""
set -euo pipefail
SERVER=
finish() {
  if [ -n "$SERVER" ]; then kill "$SERVER" 2>/dev/null || true; wait "$SERVER" 2>/dev/null || true; fi
}
trap finish EXIT
"""

# The block is one command, which says when it listens; until the next one or the end.
BACKGROUND = r"""
finish
rm -f server.out; mkfifo server.out
( exec %s ) >server.out 2>>server.log &
SERVER=$!
exec 7<server.out
if ! read -r -t 120 line <&7; then cat server.log >&2; echo "the server did not start" >&2; exit 1; fi
"""


def run(document, world):
    """Runs all blocks that are to be run. Returns how many, or ends with what went wrong."""
    blocks = [block for block in document.blocks
              if block.language == "sh" and block.mode in ("run", "background")]
    files = [block for block in document.blocks if block.language in ("json", "python", "c")
             and "." in block.argument]
    if not blocks:
        return 0
    folder = world.folder(document.name)
    for block in files:
        (folder / block.argument).write_text(block.text)
    script = START
    for block in blocks:
        text = block.text.replace(":8080", f":{world.port}")
        script += f'echo "@@ {block.place}" >&2\n'
        script += BACKGROUND % text.strip() if block.mode == "background" else text
    done = subprocess.run(
        ["bash", "-c", script], cwd=folder, env=world.environment(), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=SECONDS, errors="replace")
    (folder / "output.txt").write_text(done.stdout)
    if done.returncode != 0:
        start = done.stdout.rfind("@@ ")
        place, _, output = done.stdout[start + 3 :].partition("\n")
        raise SystemExit(f"{place}: the commands fail with status {done.returncode}:\n{output}")
    return len(blocks)
