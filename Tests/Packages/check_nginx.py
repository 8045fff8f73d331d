"""deploy/nginx/crisp-server.conf as it is, but for names, ports and the certificate, in front of a
server: check_nginx.py SERVER FOLDER

nginx runs without privileges, on loopback, in FOLDER.
"""

import contextlib
import http.client
import json
import os
import pathlib
import shutil
import socket
import ssl
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests/Peers"))
from server import QUICK, Server  # noqa: E402

MAIN = """
daemon off; pid nginx.pid; error_log error.log; worker_processes 1;
events {{ worker_connections 256; }}
http {{
  access_log off;
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi; scgi_temp_path scgi;
  include {configuration};
}}
"""
# Runs until it is cancelled.
ENDLESS = {**QUICK, "recipe": {"dense_epochs": 1000, "samples_per_class": 10_000}}


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


@contextlib.contextmanager
def nginx(folder, upstream):
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout",
         folder / "key.pem", "-out", folder / "chain.pem"], check=True, capture_output=True)
    port = free_port()
    text = (ROOT / "deploy/nginx/crisp-server.conf").read_text()
    for old, new in (("listen 443", f"listen 127.0.0.1:{port}"),
                     ("server 127.0.0.1:8080", f"server {upstream}"),
                     ("server_name crisp.example.org", "server_name localhost"),
                     ("/etc/ssl/certs/crisp.example.org.pem", str(folder / "chain.pem")),
                     ("/etc/ssl/private/crisp.example.org.key", str(folder / "key.pem"))):
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    (folder / "site.conf").write_text(text)
    (folder / "nginx.conf").write_text(MAIN.format(configuration=folder / "site.conf"))
    command = ["/usr/sbin/nginx", "-p", folder, "-e", folder / "error.log", "-c", folder / "nginx.conf"]
    if os.getuid() == 0:
        for path in (folder, *folder.iterdir()):
            shutil.chown(path, "nobody", "nogroup")
        command = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", *command]
    process = subprocess.Popen(command)
    try:
        while process.poll() is None:
            with contextlib.suppress(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", port)).close()
                break
        assert process.poll() is None, (folder / "error.log").read_text()
        yield port
    finally:
        process.terminate()
        process.wait(30)


class Client:
    def __init__(self, folder, port, token):
        self.context = ssl.create_default_context(cafile=folder / "chain.pem")
        self.port, self.token = port, token

    def open(self, method, path, body=None, **fields):
        """A response whose body is not read yet."""
        connection = http.client.HTTPSConnection("localhost", self.port, context=self.context, timeout=20)
        connection.request(method, path, body, {
            "Authorization": f"Bearer {self.token}", **{name.replace("_", "-"): value
                                                        for name, value in fields.items()}})
        return connection.getresponse()

    def ask(self, method, path, body=None, **fields):
        response = self.open(method, path, body, **fields)
        return response.status, response.headers, response.read()

    def post(self, path, value):
        status, _, body = self.ask("POST", path, json.dumps(value), Content_Type="application/json")
        assert status in (200, 202), (status, body)
        return json.loads(body)


def events(response):
    """Names of events as they come; a comment is ':'."""
    for line in response:
        if line.startswith(b"event: "):
            yield line[7:].strip().decode()
        elif line.startswith(b":"):
            yield ":"


def main(program, folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    folder.chmod(0o755)
    database = folder.parent / "nginx.sqlite"
    for file in folder.parent.glob("nginx.sqlite*"):
        file.unlink()
    token = subprocess.run(
        [program, "token", "create", "--db", database], check=True, capture_output=True, text=True
    ).stdout.strip()
    # The endless job is no longer than what this server takes.
    options = ("--require-tokens", "--event-heartbeat", 0.5, "--max-job-seconds", 10_000_000)
    with Server(program, database, *options) as server, nginx(
            folder, server.url.removeprefix("http://")) as port:
        client = Client(folder, port, token)
        assert client.ask("GET", "/readyz")[0] == 200
        assert Client(folder, port, "x").ask("GET", "/jobs")[0] == 401
        assert client.ask("GET", "/metrics")[0] == 403
        print("  TLS, tokens, and /metrics for nobody outside")

        job = client.post("/users/ada/classes", QUICK)
        names = list(events(client.open("GET", f"/jobs/{job['id']}/events", Accept="text/event-stream")))
        assert names[-1] == "end" and "log" in names, names
        model = json.loads(client.ask("GET", f"/jobs/{job['id']}")[2])["result_model"]

        # Of a job that waits behind another there is little to tell: too little to fill any buffer.
        running = client.post("/users/grace/classes", ENDLESS)
        job = client.post("/users/lin/classes", ENDLESS)
        stream = client.open("GET", f"/jobs/{job['id']}/events", Accept="text/event-stream")
        for name in events(stream):
            if name == ":":
                break
        for one in (running, job):
            assert json.loads(client.ask("GET", f"/jobs/{one['id']}")[2])["status"] in ("queued", "running")
            client.post(f"/jobs/{one['id']}/cancel", {})
        assert list(events(stream))[-1] == "end"
        print("  signs of life of a job that waits arrive, and the stream ends with it")

        status, headers, whole = client.ask("GET", f"/models/{model}")
        assert status == 200 and int(headers["Content-Length"]) == len(whole)
        status, headers, part = client.ask("GET", f"/models/{model}", Range="bytes=1000-1999")
        assert (status, part) == (206, whole[1000:2000])
        assert headers["Content-Range"] == f"bytes 1000-1999/{len(whole)}"
        status, _, part = client.ask("GET", f"/models/{model}", Range="bytes=5000-", If_Range=headers["ETag"])
        assert (status, part) == (206, whole[5000:])
        assert client.ask("GET", f"/models/{model}", If_None_Match=headers["ETag"])[0] == 304
        print(f"  a model of {len(whole)} bytes, whole and by ranges")

        # What is small enough for nginx reaches the server, which has its own words for what it is.
        for path, size, status, kind in (
                ("/users/ada/classes", 1000 << 10, 413, "application/problem+json"),
                ("/users/ada/classes", 2 << 20, 413, "text/html"),
                (f"/models/{model}/predictions", 7 << 20, 400, "application/problem+json"),
                (f"/models/{model}/predictions", 9 << 20, 413, "text/html")):
            found, headers, body = client.ask("POST", path, b" " * size, Content_Type="application/json")
            assert (found, headers["Content-Type"]) == (status, kind), (path, size, found, body[:300])
        # Its own page may change something, another site's may not.
        same = {"Origin": f"https://localhost:{port}", "Sec_Fetch_Site": "same-origin"}
        other = {"Origin": "https://evil.example", "Sec_Fetch_Site": "cross-site"}
        quick = json.dumps({**QUICK, "seed": 7})
        for fields, expected in ((same, 202), (other, 403)):
            status, _, body = client.ask("POST", "/users/ada/classes", quick,
                                         Content_Type="application/json", **fields)
            assert status == expected, (status, body)
        print("  upload limits, and pages of other sites are refused")


main(sys.argv[1], pathlib.Path(sys.argv[2]) / "nginx")
