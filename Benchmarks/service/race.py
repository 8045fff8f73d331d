#!/usr/bin/env python3
"""The socket server beside nginx and Hummingbird; race.sh runs this.

Each round asks every server in turn, so that a busy machine is busy for all; medians of the rounds,
and the ratios of medians. wrk has one thread and shares the cores with the server.
"""

import argparse
import contextlib
import pathlib
import re
import resource
import socket
import statistics
import subprocess
import tempfile
import time

from server import CHUNK, MODEL, Server, add_model, latencies, percentiles

options = argparse.ArgumentParser()
options.add_argument("--server", default=".build/release/crisp-server")
options.add_argument("--hummingbird", default=None)
options.add_argument("--rounds", type=int, default=7)
options.add_argument("--seconds", type=int, default=2, help="of each run of wrk")
options.add_argument("--only", default="small,downloads,idle,slow")
options.add_argument("--slow-seconds", type=int, default=20)
options.add_argument("--write", help="a Markdown file for the tables")
options = options.parse_args()

CONFIGURATION = """
worker_processes auto; daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000000;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{ listen 127.0.0.1:{port}; root {folder}; }}
}}
"""
report = []


def say(line=""):
    print(line, flush=True)
    report.append(line)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def ended(process):
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


@contextlib.contextmanager
def nginx(files):
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder).chmod(0o755)
        for name, content in files.items():
            (pathlib.Path(folder) / name).write_bytes(content)
        port = free_port()
        configuration = pathlib.Path(folder) / "nginx.conf"
        configuration.write_text(CONFIGURATION.format(folder=folder, port=port))
        with ended(subprocess.Popen(["/usr/sbin/nginx", "-e", f"{folder}/error.log", "-c", configuration])):
            while True:
                with contextlib.suppress(ConnectionRefusedError):
                    socket.create_connection(("127.0.0.1", port)).close()
                    break
            yield port


@contextlib.contextmanager
def hummingbird():
    process = subprocess.Popen([options.hummingbird], stdout=subprocess.PIPE, text=True)
    with ended(process):
        yield int(process.stdout.readline().rsplit(":", 1)[1])


def wrk(url, connections, field, scale):
    """A figure of one run; fails when anything was not answered 200."""
    text = subprocess.run(
        ["wrk", "-t1", f"-c{connections}", f"-d{options.seconds}s", url],
        check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in text or "Socket errors" in text:
        raise RuntimeError(f"{url}: {text}")
    number, unit = re.search(rf"{field}:\s+([0-9.]+)([A-Z]*)", text).groups()
    return float(number) * scale.get(unit, 1)


def race(title, urls, connections, field, scale, unit):
    """One table: servers by connections, the first of them ours."""
    peers = [name for name in urls if not name.startswith("ours")]
    say(f"| {title} | " + " | ".join(urls) + " | " + " | ".join(
        f"ours / {name}" for name in peers) + " |")
    say("|---" * (1 + len(urls) + len(peers)) + "|")
    for count in connections:
        figures = {name: [] for name in urls}
        for _ in range(options.rounds):
            for name, url in urls.items():
                figures[name].append(wrk(url, count, field, scale))
        medians = {name: statistics.median(values) for name, values in figures.items()}
        ours = next(iter(medians.values()))
        cells = [
            f"{medians[name]:,.0f} ({min(values):,.0f}–{max(values):,.0f})"
            for name, values in figures.items()]
        ratios = [f"{ours / medians[name]:.2f}" for name in peers]
        say(f"| {count} | " + " | ".join(cells + ratios) + " |")
    say()
    say(f"{unit}, median of {options.rounds} rounds (least–most).")
    say()


def small(server):
    with nginx({"healthz": b"ok\n"}) as port, hummingbird() as peer:
        urls = {
            "ours": f"http://127.0.0.1:{server.port}/healthz",
            "Hummingbird": f"http://127.0.0.1:{peer}/healthz",
            "nginx, static file": f"http://127.0.0.1:{port}/healthz",
            "ours, /readyz": f"http://127.0.0.1:{server.port}/readyz",
        }
        say("## Small requests")
        say()
        race("connections", urls, (1, 16, 64), "Requests/sec", {}, "Requests a second")
        say("All but the last give three bytes from memory; /readyz has a worker read the database.")
        say()


def downloads(server, content):
    with nginx({"model": content}) as port:
        urls = {
            "ours, from SQLite": f"http://127.0.0.1:{server.port}/models/{MODEL}",
            "nginx, static file": f"http://127.0.0.1:{port}/model",
        }
        say(f"## Downloads of {len(content) // CHUNK} MiB")
        say()
        race(
            "connections", urls, (1, 4, 16), "Transfer/sec", {"GB": 1024, "MB": 1, "KB": 1 / 1024},
            "MiB a second")


def idle(database):
    """Connections that have had one answer and stay open."""
    count = 5000
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 2 * count + 500), hard))
    limits = ["--max-connections", "6000", "--max-connections-per-address", "6000",
              "--idle-timeout", "600"]
    with Server(options.server, database, *limits) as server:
        before = server.resident()
        clients = []
        for _ in range(count):
            client = socket.create_connection(("127.0.0.1", server.port))
            client.sendall(b"GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n")
            if not client.recv(4096).startswith(b"HTTP/1.1 200"):
                raise RuntimeError("a connection was refused")
            clients.append(client)
        after, threads = server.resident(), server.status("Threads")
        asked = time.monotonic()
        server.call("GET", "/models")
        took = (time.monotonic() - asked) * 1000
        for client in clients:
            client.close()
    say("## Idle connections")
    say()
    say(f"{count} connections, each answered once and then kept open: {after:.1f} MB resident "
        f"({before:.1f} before the first), {threads} threads; one more, GET /models: {took:.1f} ms.")
    say()


ATTACKS = {
    "headers": ["-H", "-i", "5", "-x", "24"],
    "body": ["-B", "-i", "5", "-s", "200000", "-x", "10"],
    "range": ["-R", "-a", "10", "-b", "3000"],
    "read": ["-X", "-w", "512", "-y", "1024", "-n", "5", "-z", "32", "-k", "3"],
}


def slow(database):
    """Others' requests while slowhttptest holds all the connections that it wants."""
    attackers = 1000
    limits = ["--max-connections", "4000", "--max-connections-per-address", "3000"]
    say("## Clients that are slow on purpose")
    say()
    say("| slowhttptest | connections | of these open after 3 s | GET /jobs of another client |")
    say("|---|---|---|---|")
    with Server(options.server, database, *limits) as server:
        for name, attack in {"none": None, **ATTACKS}.items():
            process, held = None, 0
            if attack:
                path = {"body": "/users/u/classes", "headers": "/"}.get(name, f"/models/{MODEL}")
                process = subprocess.Popen(
                    ["slowhttptest", "-c", str(attackers), "-r", str(attackers), *attack,
                     "-l", str(options.slow_seconds), "-p", "5",
                     "-u", f"http://127.0.0.1:{server.port}{path}"],
                    stdout=subprocess.PIPE, text=True)
                time.sleep(3)
                descriptors = pathlib.Path(f"/proc/{server.process.pid}/fd").iterdir()
                held = sum("socket" in str(d.readlink()) for d in descriptors) - 1
            results = latencies(
                server, ["/jobs"], 100, options.slow_seconds - 5, source="127.0.0.2")
            if process:
                process.stdout.read()
                process.wait()
            say(f"| {name} | {attackers if attack else 0} | {held} | {percentiles(results)} |")
    say()


with tempfile.TemporaryDirectory() as folder:
    database = f"{folder}/crisp.sqlite"
    with Server(options.server, database):
        pass
    content, _ = add_model(database, 50 * CHUNK)
    parts = options.only.split(",")
    with Server(options.server, database) as server:
        if "small" in parts:
            small(server)
        if "downloads" in parts:
            downloads(server, content)
    if "idle" in parts:
        idle(database)
    if "slow" in parts:
        slow(database)
if options.write:
    pathlib.Path(options.write).write_text("\n".join(report))
