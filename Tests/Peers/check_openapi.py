"""The API against its own OpenAPI document: schemathesis, all checks, stateful.

One model is made first. Then jobs are only queued (--workers 0), so that hundreds of them cost
nothing, the server wants tokens, and the document is narrowed to what this server knows (its labels,
that model and job), as random names would never get past the first check.
"""

import json
import pathlib
import re
import subprocess
import sys

from server import Server

program, work = sys.argv[1], pathlib.Path(sys.argv[2]).resolve()
here = pathlib.Path(__file__).resolve().parent
database = work / "openapi.sqlite"
for file in work.glob("openapi.sqlite*"):
    file.unlink()


def narrowed(document, labels, job):
    schemas = document["components"]["schemas"]
    for kind in schemas["JobRequest"]["properties"]["classes"]["items"]["oneOf"]:
        name = kind["properties"]["name"] if kind["type"] == "object" else kind
        name["enum"] = labels + ["no such class"]
    schemas["JobRequest"]["properties"]["classes"]["example"] = labels[:2]
    schemas["Tensor"]["example"] = {"tensor": [0.5] * 784}
    for name, known in (("Job", job["id"]), ("Model", job["result_model"])):
        parameter = document["components"]["parameters"][name]
        kind = known.split("_")[0]
        parameter["schema"]["enum"] = [known, f"{kind}_{'0' * 24}"]
        parameter["example"] = known
    document["components"]["parameters"]["Revision"]["schema"]["enum"] = ["main", "other"]
    for path, files in (
            ("/{model}/resolve/{revision}/{file}", ["README.md", "card.json", "other"]),
            ("/assets/{file}", ["page.css", "page.js", "other"])):
        for parameter in document["paths"].get(path, {}).get("parameters", []):
            if parameter.get("name") == "file":
                parameter["schema"]["enum"] = files
    # The one model is for all the others; AnyRouteTests ask for this one.
    document["paths"].get("/models/{model}", {}).pop("delete", None)
    # Without a token there is nothing here.
    document["security"] = [{"bearer": []}]
    return document


with Server(program, database) as server:
    # Whoever asks first may be found and deleted by the test; the other one keeps the model.
    job = server.make_model("first")
    server.make_model("second")
    labels = json.loads(server.get("/base-models"))["data"][0]["labels"]

token = subprocess.run(
    [program, "token", "create", "--db", database], check=True,
    stdout=subprocess.PIPE, text=True).stdout.strip()

with Server(
        program, database, "--workers", 0, "--queue-limit", 1_000_000,
        "--queue-limit-per-user", 1_000_000, "--posts-per-minute", 1_000_000, "--log-format", "json", "--log-level", "error") as server:
    schema = work / "openapi.json"
    document = narrowed(json.loads(server.get("/openapi.json")), labels, job)
    schema.write_text(json.dumps(document))
    run = subprocess.run(
        [pathlib.Path(sys.executable).parent / "st",
         "--config-file", here / "schemathesis.toml", "run", schema, "--url", server.url,
         "--checks", "all", "--continue-on-failure", "--header", f"Authorization: Bearer {token}"],
        cwd=work, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    alive = server.process.poll() is None

print(run.stdout)
assert alive, "the server ended"
assert run.returncode == 0, "schemathesis found something"
found = re.search(r"Operations: +(\d+) selected.*?(\d+ generated, \d+ passed)", run.stdout, re.S)
print(f"  {found[1]} operations, {found[2]}")
