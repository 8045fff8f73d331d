"""The folder that a document's commands find, and stand-ins for the two programs that keep runs short.

What is short here, and only here: `crisp prune`, `crisp compare` and their like get a recipe of
seconds where the document gives none, and servers start with a small base model and data set under
the names of the embedded ones. Everything else is what the document says.
"""

import gzip
import json
import os
import pathlib
import shutil
import socket
import struct
import subprocess
import zlib

CLASSES = ["T-shirt", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag",
           "Ankle boot"]
RECIPE = {"iterations": 1, "dense_epochs": 0, "final_epochs": 1, "samples_per_class": 32}
# Of the checkout, so that commands may name its files.
LINKED = ("Sources", "Tests", "Benchmarks", "Documentation", "deploy", "Makefile")


def png(width, height, pixels):
    """A grey picture of one byte a pixel."""
    rows = b"".join(b"\0" + pixels[y * width : (y + 1) * width] for y in range(height))

    def chunk(name, data):
        body = name + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def square(side, label, number):
    """A picture whose class shows: a bright square whose place is the label's."""
    pixels = bytearray((number * 7 + i * 13) % 40 for i in range(side * side))
    top, left = divmod(label, 4)
    for y in range(7):
        start = (top * 8 + y) * side + left * 7
        pixels[start : start + 6] = bytes([200 + (number + y) % 50] * 6)
    return bytes(pixels)


def write_idx(folder, per_class):
    """A small data set under Fashion-MNIST's names, as the server's default is laid out."""
    folder.mkdir()
    for name, count in (("train", per_class), ("t10k", 10)):
        labels = bytes(label for _ in range(count) for label in range(10))
        images = b"".join(square(28, label, i) for i, label in enumerate(labels))
        for kind, header, data in (
                ("images-idx3", struct.pack(">IIII", 0x803, len(labels), 28, 28), images),
                ("labels-idx1", struct.pack(">II", 0x801, len(labels)), labels)):
            with gzip.open(folder / f"{name}-{kind}-ubyte.gz", "wb", compresslevel=1) as file:
                file.write(header + data)
    (folder / "labels.txt").write_text("\n".join(CLASSES) + "\n")


def write_photos(folder):
    for split, count in (("train", 40), ("test", 10)):
        for label, name in enumerate(("tench", "chain saw", "church")):
            (folder / split / name).mkdir(parents=True)
            for i in range(count):
                (folder / split / name / f"{i}.png").write_bytes(png(32, 32, square(32, label, i)))


class World:
    def __init__(self, root, binaries, work):
        self.root, self.binaries, self.work = root, binaries, work
        self.template = work / "template"
        self.database = work / "crisp.sqlite"
        # Tests/LibCrisp/run.sh installs it, or is told of another.
        self.python = pathlib.Path(
            os.environ.get("LIBCRISP_PYTHON", root / ".build/libcrisp-test/venv/bin/python"))
        shutil.rmtree(work, ignore_errors=True)
        self.template.mkdir(parents=True)
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]

    def run(self, *words):
        done = subprocess.run(
            list(map(str, words)), cwd=self.template, capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"{' '.join(map(str, words))}\n{done.stdout}{done.stderr}")

    def make(self):
        """Everything that documents take for granted."""
        if not self.python.exists():
            raise SystemExit("Tests/LibCrisp/run.sh has to run first: it installs numpy and safetensors")
        crisp, server = self.binaries / "crisp", self.binaries / "crisp-server"
        folder = self.template
        shutil.copy(self.root / "Sources/CEmbeddedModel/resnet18-fashion-mnist.safetensors",
                    folder / "universal.safetensors")
        (folder / "photo.png").write_bytes(png(28, 28, square(28, 5, 0)))
        write_photos(folder / "photos")
        (folder / "labels.txt").write_text("tench\nchain saw\nchurch\n")
        quick = ("--arch", "resnet20", "--width", "0.25", "--epochs", "1", "--threads", "1", "--json")
        self.run(crisp, "train", *quick, "--data", "photos", "--out", self.work / "photos.safetensors")
        self.run(crisp, "convert", self.work / "photos.safetensors", "model.onnx")
        self.run(crisp, "train", "--arch", "resnet20", "--epochs", "1", "--threads", "1", "--json", "--data",
                 "photos", "--out", self.work / "full.safetensors")
        self.run(crisp, "convert", self.work / "full.safetensors", "resnet20.safetensors",
                 "--format", "state-dict")
        self.run(crisp, "prune", "--model", "universal.safetensors", "--classes",
                 "Sandal,Sneaker,Ankle boot", "--threads", "1", "--recipe", json.dumps(RECIPE), "--out",
                 "shoes.crisp.safetensors", "--card", "card.json")
        write_idx(self.work / "small", 60)
        self.run(crisp, "train", *quick, "--data", self.work / "small", "--out",
                 self.work / "small.safetensors")
        self.run(server, "dataset", "add", "--db", self.database, "fashion-mnist", self.work / "small")
        self.run(server, "base-model", "add", "--db", self.database, "resnet18-fashion-mnist",
                 self.work / "small.safetensors", "--dataset", "fashion-mnist")
        self._write_programs()

    def _write_programs(self):
        folder = self.work / "bin"
        folder.mkdir()
        for program in ("crisp", "crisp-server"):
            script = folder / program
            script.write_text(f'#!/bin/sh\nexec python3 {self.root}/Tests/Documentation/short.py '
                              f'{self.binaries}/{program} "$@"\n')
            script.chmod(0o755)

    def folder(self, document):
        """A fresh folder for one document's commands."""
        folder = self.work / document.replace("/", "-")
        shutil.copytree(self.template, folder)
        for name in LINKED:
            (folder / name).symlink_to(self.root / name)
        return folder

    def environment(self):
        paths = [self.work / "bin", self.python.parent, os.environ["PATH"]]
        return {
            **os.environ, "PATH": ":".join(map(str, paths)), "CRISP_DOCUMENTS": str(self.work),
            "CRISP_DOCUMENTS_PORT": str(self.port), "CRISP_CACHE": str(self.work / "cache"),
            "TMPDIR": str(self.work),
        }
