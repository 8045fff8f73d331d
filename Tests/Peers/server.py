"""A crisp-server of our own on a free port, for as long as a `with` block lasts."""

import json
import subprocess
import time
import urllib.request

# A model in seconds: what it is worth does not matter here.
QUICK = {
    "classes": ["Sandal", "Bag"],
    "recipe": {"iterations": 1, "dense_epochs": 0, "final_epochs": 1, "samples_per_class": 32},
}


class Server:
    def __init__(self, program, database, *arguments, stderr=None):
        self.process = subprocess.Popen(
            [program, "--db", str(database), "--port", "0", *map(str, arguments)],
            stdout=subprocess.PIPE, stderr=stderr, text=True)
        line = self.process.stdout.readline()
        if not line.startswith("listening on "):
            raise SystemExit(f"the server did not start: {line!r}")
        self.url = line.removeprefix("listening on ").strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(60)

    def get(self, path):
        with urllib.request.urlopen(self.url + path, timeout=60) as response:
            return response.read()

    def post(self, path, body):
        request = urllib.request.Request(
            self.url + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as response:
            return json.load(response)

    def make_model(self, user="ada", body=QUICK):
        """A finished job."""
        job = self.post(f"/users/{user}/classes", body)
        while job["status"] in ("queued", "running"):
            time.sleep(0.2)
            job = json.loads(self.get(f"/jobs/{job['id']}"))
        if job["status"] != "succeeded":
            raise SystemExit(f"the job came to nothing: {job}")
        return job
