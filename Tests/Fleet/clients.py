"""Clients of a fleet, who keep account of what they were told. A server that is gone is an excuse, as is one
that says it cannot reach its database; a wrong answer is none."""

import hashlib
import http.client
import json
import random
import threading
import time
import urllib.parse

HOST = "127.0.0.1"
# What may become of a job that nobody cancelled, when its workers are killed again and again.
EXCUSED = {"worker_died_repeatedly", "job_process_ended"}


class Wrong(Exception):
    pass


class Ledger:
    """What was acknowledged."""

    def __init__(self, ports):
        self.ports, self.lock = ports, threading.Lock()
        self.jobs = {}       # key: (user, body, job)
        self.cancelled = set()
        self.models = {}     # model: (job, SHA-256)
        self.ends = {}       # job: status
        self.wrong, self.excuses, self.streams = [], 0, 0
        self.lags = []
        self.is_ending = False

    def call(self, generator, method, path, body=None, headers=None, patience=90):
        """An answer of any of the servers, below 500."""
        end = time.monotonic() + patience
        while True:
            port = generator.choice(self.ports)
            connection = http.client.HTTPConnection(HOST, port, timeout=30)
            try:
                connection.request(method, path, body=body, headers=headers or {})
                answer = connection.getresponse()
                data = answer.read()
                if answer.status < 500:
                    return answer, data
                problem = f"{answer.status} {data[:300]!r}"
                if answer.status not in (503, 507):
                    raise Wrong(f"{method} {path}: {problem}")
            except (OSError, http.client.HTTPException) as error:
                problem = repr(error)
            finally:
                connection.close()
            with self.lock:
                self.excuses += 1
            if time.monotonic() > end:
                raise Wrong(f"{method} {path}: no answer for {patience} seconds: {problem}")
            time.sleep(generator.uniform(0.02, 0.2))


class Client(threading.Thread):
    """Asks, watches, cancels, downloads."""

    def __init__(self, number, ledger, body):
        super().__init__(daemon=True)
        self.number, self.ledger, self.body = number, ledger, body
        self.random = random.Random(number)

    def run(self):
        round = 0
        while not self.ledger.is_ending:
            round += 1
            try:
                self.live(round)
            except Wrong as error:
                self.ledger.wrong.append(f"client {self.number}: {error}")
                return
            except Exception as error:
                self.ledger.wrong.append(f"client {self.number}: {error!r}")
                return

    def live(self, round):
        # Some ask for what others ask for; those do not cancel.
        is_shared = self.random.random() < 0.3
        seed = round if is_shared else 1_000_000 + self.number * 100_000 + round
        user, key = f"user {self.number} é", f"{self.number}-{round}"
        job = self.submit(user, key, {**self.body, "seed": seed})
        if self.random.random() < 0.2 and self.submit(user, key, {**self.body, "seed": seed}) != job:
            raise Wrong(f"{key} has another job than before")
        if not is_shared and self.random.random() < 0.15:
            self.ledger.cancelled.add(job)
            answer, data = self.ledger.call(self.random, "POST", f"/jobs/{job}/cancel")
            if answer.status not in (200, 202, 409):
                raise Wrong(f"cancelling {job}: {answer.status} {data!r}")
        if self.random.random() < 0.3:
            self.watch(job)
        self.finish(job)

    def submit(self, user, key, body):
        answer, data = self.ledger.call(
            self.random, "POST", f"/users/{urllib.parse.quote(user)}/classes", json.dumps(body),
            {"Content-Type": "application/json", "Idempotency-Key": key})
        if answer.status not in (200, 202):
            raise Wrong(f"POST by {user}: {answer.status} {data!r}")
        job = json.loads(data)["id"]
        with self.ledger.lock:
            known = self.ledger.jobs.setdefault(key, (user, body, job))
        if known[2] != job:
            raise Wrong(f"{key} has another job than before: {job}, {known[2]}")
        return job

    def watch(self, job):
        """Its events, each once and in order, from whichever server is there."""
        last, end = 0, time.monotonic() + 90
        while time.monotonic() < end:
            connection = http.client.HTTPConnection(
                HOST, self.random.choice(self.ledger.ports), timeout=20)
            try:
                connection.request(
                    "GET", f"/jobs/{job}/events",
                    headers={"Accept": "text/event-stream", "Last-Event-ID": str(last)})
                stream = connection.getresponse()
                if stream.status != 200:
                    raise OSError(stream.status)
                number = kind = None
                for line in stream:
                    field, _, value = line.decode().rstrip("\n").partition(": ")
                    if field == "id":
                        number = int(value)
                    elif field == "event":
                        kind = value
                    elif field == "" and kind:
                        if kind == "end":
                            with self.ledger.lock:
                                self.ledger.streams += 1
                            return
                        if kind == "log":
                            # Lines before this user asked have other times, but their numbers.
                            if number != last + 1:
                                raise Wrong(f"{job}: event {number} after {last}")
                            last = number
                        kind = None
            except (OSError, http.client.HTTPException, ValueError):
                time.sleep(0.1)
            finally:
                connection.close()
        raise Wrong(f"{job}: its events do not end")

    def finish(self, job, patience=180):
        """Waits for the end; downloads and remembers what was made."""
        end = time.monotonic() + patience
        while True:
            answer, data = self.ledger.call(self.random, "GET", f"/jobs/{job}")
            if answer.status != 200:
                raise Wrong(f"{job}: {answer.status} {data!r}")
            state = json.loads(data)
            if state["status"] not in ("queued", "running"):
                break
            if time.monotonic() > end:
                raise Wrong(f"{job} does not end: {state}")
            time.sleep(0.05)
        status = state["status"]
        with self.ledger.lock:
            if self.ledger.ends.setdefault(job, status) != status:
                raise Wrong(f"{job} was {self.ledger.ends[job]} and is {status}")
        if status == "succeeded":
            self.download(job, state["result_model"])
        elif status == "failed":
            if state["error"]["code"] not in EXCUSED:
                raise Wrong(f"{job}: {state['error']}")
        elif job not in self.ledger.cancelled:
            raise Wrong(f"{job} is {status} and nobody cancelled it")

    def download(self, job, model):
        while True:
            answer, data = self.ledger.call(self.random, "GET", f"/models/{model}")
            # A server that was killed may leave half of its answer; then the length is wrong.
            if answer.status == 200 and len(data) == int(answer.headers["Content-Length"]):
                break
            if answer.status != 200:
                raise Wrong(f"{model} of {job}: {answer.status}")
        digest = hashlib.sha256(data).hexdigest()
        if answer.headers["ETag"] != f'"{digest}"':
            raise Wrong(f"{model} of {job} is not what its ETag says")
        with self.ledger.lock:
            if self.ledger.models.setdefault(model, (job, digest)) != (job, digest):
                raise Wrong(f"{model} of {job} has changed, or is another job's too")
