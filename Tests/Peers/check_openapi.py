"""The API against its own OpenAPI document: schemathesis, all checks, stateful.

Jobs are only queued (--workers 0), so that a thousand of them cost nothing; one model is made before.
"""

import pathlib
import re
import subprocess
import sys

from server import Server

program, work = sys.argv[1], pathlib.Path(sys.argv[2])
here = pathlib.Path(__file__).parent
database = work / "openapi.sqlite"
for file in work.glob("openapi.sqlite*"):
    file.unlink()

with Server(program, database) as server:
    server.make_model()

with Server(
        program, database, "--workers", 0, "--queue-limit", 1_000_000,
        "--queue-limit-per-user", 1_000_000, "--log-format", "json", "--log-level", "error") as server:
    run = subprocess.run(
        [pathlib.Path(sys.executable).parent / "st",
         "--config-file", here / "schemathesis.toml", "run", f"{server.url}/openapi.json",
         "--checks", "all", "--continue-on-failure"],
        cwd=work, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    alive = server.process.poll() is None

print(run.stdout)
assert alive, "the server ended"
assert run.returncode == 0, "schemathesis found something"
for line in re.findall(r"^ *(Test cases:|Tested:|.*generated.*)$", run.stdout, re.M):
    print(f"  {line.strip()}")
