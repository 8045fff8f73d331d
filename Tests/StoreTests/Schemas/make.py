#!/usr/bin/env python3
"""Writes schema-N.sql: a database as the release with schema N left it, with a few rows in every
table that commands read. Run it once when a schema is released, then never again for that number:

    Tests/StoreTests/Schemas/make.py 3
"""
import hashlib
import pathlib
import sqlite3
import sys

here = pathlib.Path(__file__).resolve().parent
migrations = here.parents[2] / "Migrations"


def digest(data):
    return hashlib.sha256(data).hexdigest()


def make(version):
    db = sqlite3.connect(":memory:", isolation_level=None)
    for number in range(1, version + 1):
        [path] = migrations.glob(f"m{number:03}_*.sql")
        db.executescript(path.read_text())
    # A blob of two chunks, the first of zeros to keep the dump short, and one of one.
    rest, packed = b"the rest", b"packed"
    weights = bytes(1 << 20) + rest
    db.execute("INSERT INTO datasets (name, path, format, digest, classes, counts, created_at) VALUES"
               " ('shapes', '/data/shapes', 'idx', ?, '[\"Boot\",\"Bag\"]', '{\"train\":6}', 1000)",
               [digest(b"data")])
    for number, data in enumerate([weights, packed], 1):
        db.execute("INSERT INTO blobs (number, digest, size, touched_at) VALUES (?, ?, ?, 1000)",
                   [number, digest(data), len(data)])
    db.execute("INSERT INTO blob_chunks VALUES (1, 0, zeroblob(1048576)), (1, 1, ?), (2, 0, ?)",
               [rest, packed])
    db.execute("INSERT INTO base_models VALUES ('resnet', 'resnet20', ?, 'shapes',"
               " '[\"Boot\",\"Bag\"]', ?, 270000, '{}', 1000)",
               [digest(weights), digest(b"base")])
    db.execute("INSERT INTO users VALUES ('ada', 1000), ('bob', 2000)")
    db.execute("INSERT INTO profiles VALUES ('ada', 1, 'resnet', '[{\"name\":\"Bag\",\"weight\":1}]',"
               " '{}', 1000)")
    db.execute("INSERT INTO jobs (number, id, owner, status, priority, fingerprint, base_model, profile,"
               " recipe, seed, metadata, created_at, started_at, finished_at) VALUES"
               " (1, 'job_0123456789abcdef01234567', 'ada', 'succeeded', 0, ?, 'resnet', '{}', '{}', 7,"
               " '{}', 1000, 1100, 1200)", [digest(b"first")])
    db.execute("INSERT INTO jobs (number, id, owner, status, priority, fingerprint, base_model, profile,"
               " recipe, seed, metadata, created_at) VALUES"
               " (2, 'job_123456789abcdef012345678', 'bob', 'queued', 0, ?, 'resnet', '{}', '{}', 7,"
               " '{}', 2000)", [digest(b"second")])
    db.execute("INSERT INTO job_requesters VALUES ('ada', 1, 1000), ('bob', 2, 2000)")
    db.execute("INSERT INTO job_events VALUES (1, 1, 'info', 'queued', 'waits', NULL, 1000)")
    db.execute("INSERT INTO models (number, id, fingerprint, job, base_model, blob, size, labels, card,"
               " metadata, created_at) VALUES (1, 'model_0123456789abcdef01234567', ?, 1, 'resnet', ?,"
               " 6, '[\"Bag\"]', '{}', '{}', 1200)", [digest(b"first"), digest(packed)])
    db.execute("UPDATE jobs SET result_model = 1 WHERE number = 1")
    db.execute("INSERT INTO model_users VALUES ('ada', 1, 1200)")
    db.execute("INSERT INTO tokens VALUES ('token_0123456789abcdef01234567', ?, 'ada', 'laptop', 1000,"
               " NULL), ('token_123456789abcdef012345678', ?, NULL, 'old', 900, 950)",
               [digest(b"one"), digest(b"two")])
    assert not db.execute("PRAGMA foreign_key_check").fetchall()
    text = "\n".join(db.iterdump())
    text = text.replace("X'" + "00" * (1 << 20) + "'", "zeroblob(1048576)")
    head = "PRAGMA page_size = 4096;\nPRAGMA journal_mode = WAL;\nPRAGMA foreign_keys = OFF;\n"
    tail = f"\nPRAGMA application_id = {0x43525350};\nPRAGMA user_version = {version};\n"
    (here / f"schema-{version}.sql").write_text(head + text + tail)


for argument in sys.argv[1:]:
    make(int(argument))
