"""Writes the request parser's vectors into a folder, one connection a file."""

import hashlib
import pathlib
import sys

import vectors

for *_, connection, _ in vectors.read("Tests/HTTPServerTests/Vectors"):
    name = hashlib.sha256(connection).hexdigest()[:16]
    (pathlib.Path(sys.argv[1]) / name).write_bytes(connection)
