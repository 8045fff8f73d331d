"""Memory and latency with many users in the database.

    crowd.py CRISP_SERVER [USERS]

One real job is made; the rest of the users get rows like its own, straight into the database.
"""

import os
import sqlite3
import sys
import tempfile
import time

from server import Server, latencies, percentiles

PROGRAM, USERS = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 100_000
RECIPE = {"iterations": 1, "dense_epochs": 0, "final_epochs": 0, "samples_per_class": 64}


def fill(database):
    """Every user has a profile, a finished job of their own, and the one model."""
    db = sqlite3.connect(database, isolation_level=None)
    db.execute("BEGIN")
    db.execute(
        """
        CREATE TEMP TABLE crowd AS
        WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < ?)
        SELECT n, 'user ' || n AS id FROM n
        """,
        [USERS],
    )
    db.execute("INSERT INTO users (id, created_at) SELECT id, n FROM crowd")
    db.execute(
        """
        INSERT INTO profiles SELECT c.id, p.version, p.base_model, p.classes, p.profile, c.n
        FROM crowd c, profiles p WHERE p.user = 'first'
        """
    )
    db.execute(
        """
        INSERT INTO jobs (id, owner, status, priority, fingerprint, base_model, profile, recipe, seed,
          metadata, created_at, started_at, finished_at, attempt, progress)
        SELECT 'job_' || printf('%024x', c.n), c.id, 'succeeded', 0, printf('%064x', c.n),
          j.base_model, j.profile, j.recipe, j.seed, '{}', c.n, c.n, c.n, 1, j.progress
        FROM crowd c, jobs j WHERE j.owner = 'first'
        """
    )
    db.execute(
        "INSERT INTO job_requesters SELECT owner, number, created_at FROM jobs WHERE owner <> 'first'"
    )
    db.execute("INSERT INTO model_users SELECT c.id, m.number, c.n FROM crowd c, models m")
    db.execute("COMMIT")
    db.close()


def spread(pattern):
    return [pattern.format(1 + number * 7919 % USERS) for number in range(997)]


with tempfile.TemporaryDirectory() as folder:
    database = f"{folder}/crisp.sqlite"
    with Server(PROGRAM, database) as server:
        request = {"classes": ["Bag", "Coat"], "recipe": RECIPE}
        server.wait(server.call("POST", "/users/first/classes", request)["id"], "succeeded")
        print(f"1 user: {server.resident():.0f} MB resident after a job")
    with Server(PROGRAM, database) as server:
        server.call("GET", "/jobs")
        print(f"1 user: {server.resident():.0f} MB resident after a new start")
    fill(database)
    start = time.monotonic()
    with Server(PROGRAM, database) as server:
        print(
            f"{USERS} users, {os.path.getsize(database) >> 20} MB database: answers after "
            f"{time.monotonic() - start:.2f} s, {server.resident():.0f} MB resident"
        )
        for name, rate, targets in [
            ("GET /jobs/{id}", 100, spread("/jobs/job_{:024x}")),
            ("GET /users/{user}", 100, spread("/users/user%20{}")),
            ("GET /jobs?user=", 100, spread("/jobs?user=user%20{}")),
            ("GET /jobs?limit=100", 5, ["/jobs?limit=100"]),
            ("GET /jobs?limit=100, from the middle", 5,
             [f"/jobs?limit=100&after=job_{USERS // 2:024x}"]),
            ("GET /models?limit=100", 5, ["/models?limit=100"]),
        ]:
            results = latencies(server, targets, rate, 5)
            print(f"  {name}, {rate} a second: {percentiles(results)}; "
                  f"{server.resident():.0f} MB resident")
        start = time.monotonic()
        server.call("DELETE", "/users/user%2077")
        deleted = time.monotonic() - start
        # While what the user left is overwritten, which rewrites the tables that name users.
        results = latencies(server, spread("/jobs/job_{:024x}"), 100, 5)
        print(f"DELETE of a user: {deleted * 1000:.0f} ms; GET /jobs/{{id}} in the 5 s after it: "
              f"{percentiles(results)}")
        start = time.monotonic()
        server.call("POST", "/users/late/classes", {"classes": ["Bag", "Coat"], "seed": 1})
        print(f"POST: {(time.monotonic() - start) * 1000:.0f} ms; {server.resident():.0f} MB resident")
