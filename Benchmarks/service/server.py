"""A crisp-server process for benchmarks, and a client that measures. Standard library only."""

import contextlib
import http.client
import json
import signal
import subprocess
import threading
import time


class Server:
    def __init__(self, program, database, *arguments):
        self.process = subprocess.Popen(
            [program, "--db", database, "--port", "0", *arguments], stdout=subprocess.PIPE, text=True
        )
        line = self.process.stdout.readline()
        self.port = int(line.rsplit(":", 1)[1])

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def connection(self):
        return http.client.HTTPConnection("127.0.0.1", self.port)

    def call(self, method, target, body=None):
        connection = self.connection()
        with contextlib.closing(connection):
            connection.request(method, target, body=None if body is None else json.dumps(body))
            answer = connection.getresponse()
            text = answer.read()
            if answer.status >= 400:
                raise RuntimeError(f"{method} {target}: {answer.status} {text.decode()}")
            return json.loads(text) if text else None

    def resident(self):
        """Megabytes of memory the server has."""
        with open(f"/proc/{self.process.pid}/status") as status:
            for line in status:
                if line.startswith("VmRSS:"):
                    return int(line.split()[1]) / 1024

    def wait(self, job, *statuses):
        while True:
            status = self.call("GET", f"/jobs/{job}")["status"]
            if status in statuses:
                return status
            time.sleep(0.02)


def latencies(server, targets, rate, seconds, connections=4):
    """Milliseconds of GETs at a steady rate, counted from when each was due: a server that stalls
    cannot hide it by being asked less."""
    results, lock = [], threading.Lock()
    start = time.monotonic() + 0.1
    due = [start + number / rate for number in range(int(rate * seconds))]

    def work(share):
        connection, mine = server.connection(), []
        for number in range(share, len(due), connections):
            time.sleep(max(0, due[number] - time.monotonic()))
            connection.request("GET", targets[number % len(targets)])
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                raise RuntimeError(f"{targets[number % len(targets)]}: {answer.status}")
            mine.append((time.monotonic() - due[number]) * 1000)
        with lock:
            results.extend(mine)

    threads = [threading.Thread(target=work, args=(share,)) for share in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if len(results) < len(due):
        raise RuntimeError(f"only {len(results)} of {len(due)} requests were answered")
    return sorted(results)


def percentiles(results):
    def at(share):
        return results[min(len(results) - 1, int(share * len(results)))]

    return f"p50 {at(0.5):.2f} ms, p99 {at(0.99):.2f} ms, worst {results[-1]:.2f} ms"
