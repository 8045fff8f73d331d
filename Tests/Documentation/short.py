"""Stands in for `crisp` and `crisp-server` while documents are run: short.py PROGRAM ARGUMENT…

Adds what makes a run take seconds (fixtures.py says what) and becomes the program. One thread a run:
threads that wait for each other crawl where other tests keep the cores busy.
"""

import json
import os
import pathlib
import shutil
import sys

from fixtures import RECIPE


def value(arguments, flag):
    return arguments[arguments.index(flag) + 1] if flag in arguments[:-1] else None


def crisp(arguments):
    command = arguments[0] if arguments else ""
    if command == "personalize" and "--server" not in arguments:
        port = os.environ["CRISP_DOCUMENTS_PORT"]
        arguments += ["--server", f"http://127.0.0.1:{port}"]
    if command == "prune":
        recipe = value(arguments, "--recipe")
        if recipe is None:
            arguments += ["--recipe", json.dumps(RECIPE)]
        elif recipe.lstrip().startswith("{"):
            arguments[arguments.index(recipe)] = json.dumps(RECIPE | json.loads(recipe))
    if command in ("prune", "train") and "--threads" not in arguments:
        arguments += ["--threads", "1"]
    if command == "compare":
        for place, before in enumerate(arguments[:-1]):
            after = arguments[place + 1]
            if before == "--variant" and "=" in after:
                name, _, recipe = after.partition("=")
                arguments[place + 1] = f"{name}={json.dumps(RECIPE | json.loads(recipe))}"
            elif before == "--suite":
                suite = json.loads(pathlib.Path(after).read_text())
                for group in suite["groups"]:
                    group["recipe"] = group.get("recipe", {}) | RECIPE
                pathlib.Path("short-suite.json").write_text(json.dumps(suite))
                arguments[place + 1] = "short-suite.json"
    return arguments


def crisp_server(arguments):
    database = value(arguments, "--db")
    if database and not os.path.exists(database) and "--help" not in arguments:
        shutil.copy(pathlib.Path(os.environ["CRISP_DOCUMENTS"], "crisp.sqlite"), database)
    serves = arguments and (arguments[0] == "serve" or arguments[0].startswith("--"))
    if serves and database and "--help" not in arguments:
        if "--port" in arguments:
            place = arguments.index("--port")
            del arguments[place : place + 2]
        arguments += ["--port", os.environ["CRISP_DOCUMENTS_PORT"], "--threads-per-worker", "1"]
    return arguments


program = sys.argv[1]
change = crisp if program.endswith("/crisp") else crisp_server
os.execv(program, [program, *change(sys.argv[2:])])
