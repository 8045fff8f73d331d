"""The server as a model hub: the client of PyPI's huggingface_hub, unmodified, with HF_ENDPOINT set.

    python check_hub.py PATH/TO/crisp-server FOLDER
"""

import hashlib
import os
import pathlib
import shutil
import subprocess
import socket
import sys
import threading
import time
import urllib.error

from server import Server

program, work = sys.argv[1], pathlib.Path(sys.argv[2]).resolve() / "hub"
shutil.rmtree(work, ignore_errors=True)
work.mkdir()
database = work / "crisp.sqlite"
log = work / "server.log"
os.environ["HF_HOME"] = str(work / "home")
os.environ.pop("HF_TOKEN", None)
WEIGHTS = "model.crisp.safetensors"
FILES = {"README.md", "card.json", "config.json", WEIGHTS}


def token(*arguments):
    run = subprocess.run(
        [program, "token", "create", "--db", database, *arguments], capture_output=True, text=True,
        check=True)
    return run.stdout.strip()


def hf(*arguments, **environment):
    return subprocess.run(
        [pathlib.Path(sys.executable).parent / "hf", *arguments], capture_output=True, text=True,
        env=os.environ | environment)


def sha256(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


def answers(before, last):
    """The requests for files since the log was that long, as (method, status). The server writes
    after it has answered: waits for the line of the last one."""
    for _ in range(500):
        lines = log.read_text()[before:].splitlines()
        found = [
            (line.split("method=")[1].split()[0], line.split("status=")[1].split()[0])
            for line in lines if "/{model}/resolve/" in line and "method=" in line]
        if found and found[-1] == last:
            return found
        time.sleep(0.01)
    raise SystemExit(f"the last of {found} is not {last}")


class CuttingProxy:
    """Passes connections on, and cuts the first answer to a GET after that many bytes."""

    def __init__(self, url, after):
        self.target = ("127.0.0.1", int(url.rsplit(":", 1)[1]))
        self.after = after
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    def __enter__(self):
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.close()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(self.target)
            state = {"left": None}
            threading.Thread(target=self.requests, args=(client, server, state), daemon=True).start()
            threading.Thread(target=self.answers, args=(client, server, state), daemon=True).start()

    def requests(self, client, server, state):
        while data := client.recv(65536):
            if data.startswith(b"GET ") and self.after:
                state["left"], self.after = self.after, None
            server.sendall(data)
        server.close()

    def answers(self, client, server, state):
        while data := server.recv(16384):
            client.sendall(data)
            if state["left"] is not None:
                state["left"] -= len(data)
                if state["left"] < 0:
                    break
        client.shutdown(socket.SHUT_RDWR)


with log.open("w") as errors, Server(program, database, "--log-level", "debug", stderr=errors) as server:
    job = server.make_model()
    model = job["result_model"]
    digest = hashlib.sha256(server.get(f"/models/{model}")).hexdigest()
    os.environ["HF_ENDPOINT"] = server.url
    # Only now: it reads the environment when it is imported.
    import huggingface_hub
    from huggingface_hub.errors import (
        EntryNotFoundError, RepositoryNotFoundError, RevisionNotFoundError)

    # A whole model, then one file of it from the cache.
    folder = pathlib.Path(huggingface_hub.snapshot_download(model))
    assert {path.name for path in folder.iterdir()} == FILES, list(folder.iterdir())
    assert sha256(folder / WEIGHTS) == digest
    before = log.stat().st_size
    file = pathlib.Path(huggingface_hub.hf_hub_download(model, WEIGHTS))
    assert file.resolve().name == digest, "the cache names files by their digest"
    assert len(answers(before, ("HEAD", "200"))) == 1, "what is there is not sent again"
    print(f"  snapshot_download, hf_hub_download: {len(FILES)} files, sha256 as served")

    # The card.
    card = huggingface_hub.ModelCard.load(folder / "README.md")
    assert card.data.library_name == "crisp"
    assert 0 < card.data.eval_results[0].metric_value <= 1
    info = huggingface_hub.HfApi().model_info(model, files_metadata=True)
    assert {s.rfilename: s.size for s in info.siblings}[WEIGHTS] == file.stat().st_size
    print("  ModelCard.load, HfApi.model_info: read as they are")

    # A connection that is cut halfway. The client keeps whole pieces only, and this model is smaller
    # than one of its usual ones.
    huggingface_hub.constants.DOWNLOAD_CHUNK_SIZE = 16384
    half = file.read_bytes()[: file.stat().st_size // 2]
    with CuttingProxy(server.url, after=len(half)) as proxy:
        before = log.stat().st_size
        resumed = huggingface_hub.hf_hub_download(
            model, WEIGHTS, cache_dir=work / "resumed", endpoint=proxy.url)
    assert sha256(resumed) == digest
    answers(before, ("GET", "206"))
    print("  a cut download goes on where it was, with 206")

    # The command line; and what a folder holds is recognised by its digest, not fetched again.
    target = work / "local"
    run = hf("download", model, "--local-dir", str(target))
    assert run.returncode == 0, run.stderr
    assert sha256(target / WEIGHTS) == digest
    shutil.rmtree(target / ".cache")
    before = log.stat().st_size
    huggingface_hub.hf_hub_download(model, WEIGHTS, local_dir=target)
    assert len(answers(before, ("HEAD", "200"))) == 1, "an equal file is not sent again"
    (target / WEIGHTS).write_bytes(half)
    huggingface_hub.hf_hub_download(model, WEIGHTS, local_dir=target, force_download=True)
    assert sha256(target / WEIGHTS) == digest
    print("  hf download --local-dir: complete; an equal file is not sent again")

    # What is not there.
    for arguments, error in (
            ((model, "pytorch_model.bin"), EntryNotFoundError),
            (("model_" + "0" * 24, WEIGHTS), RepositoryNotFoundError)):
        try:
            huggingface_hub.hf_hub_download(*arguments, cache_dir=work / "nothing")
            raise SystemExit(f"{arguments} was found")
        except error:
            pass
    try:
        huggingface_hub.snapshot_download(model, revision="v2", cache_dir=work / "nothing")
        raise SystemExit("v2 was found")
    except RevisionNotFoundError:
        pass
    print("  missing files, models and revisions: the client's own errors")

    # From the first token on, only its bearer.
    ada, bob = token("--user", "ada"), token("--user", "bob")
    try:
        server.get(f"/models/{model}")
        raise SystemExit("still open")
    except urllib.error.HTTPError as error:
        assert error.code == 401
    for secret, isAllowed in ((ada, True), (bob, False), ("", False)):
        target = work / f"with-{len(secret)}-{isAllowed}"
        run = hf("download", model, "--local-dir", str(target), HF_TOKEN=secret)
        assert (run.returncode == 0) == isAllowed, run.stderr
        assert isAllowed == (target / WEIGHTS).exists()
        assert not secret or secret not in run.stderr
    assert sha256(work / "with-49-True" / WEIGHTS) == digest
    print("  HF_TOKEN: the user's own token only")

text = log.read_text()
assert ada not in text and bob not in text, "a token stands in the log"
