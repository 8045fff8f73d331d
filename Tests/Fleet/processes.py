"""The processes of a fleet on loopback: PostgreSQL with a standby, PgBouncer, a proxy that cuts connections,
API servers and workers. Standard library only. Whatever is started is ended, by its number."""

import contextlib
import glob
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import threading
import time

HOST = "127.0.0.1"


def free_port():
    with socket.create_server((HOST, 0)) as server:
        return server.getsockname()[1]


def wait_until(what, condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise SystemExit(f"waited {seconds} seconds in vain for {what}")
        time.sleep(0.05)


def programs_of_postgres():
    named = os.environ.get("CRISP_POSTGRES")
    folders = [pathlib.Path(named)] if named else sorted(
        pathlib.Path("/usr/lib/postgresql").glob("*/bin"))
    for folder in reversed(folders):
        if (folder / "initdb").exists():
            return folder
    raise SystemExit("there is no PostgreSQL server: deploy/setup.sh postgresql, or name one by CRISP_POSTGRES")


class Process:
    """A program that can be ended and started again, as it was."""

    # Each that was ever started, also of what could not be set up to its end and is in nobody's hands.
    every = []

    def __init__(self, name, words, folder, environment=None, user=None, last=signal.SIGTERM):
        self.name, self.words, self.user, self.last = name, list(map(str, words)), user, last
        self.environment = {**os.environ, **(environment or {})}
        self.log = open(folder / f"{name}.log", "ab")
        self.process = None
        self.start()
        Process.every.append(self)

    def start(self):
        self.process = subprocess.Popen(
            self.words, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, cwd="/",
            env=self.environment, user=self.user, group=self.user and pwd.getpwnam(self.user).pw_gid,
            extra_groups=[] if self.user else None)

    @property
    def pid(self):
        return self.process.pid

    def send(self, number):
        if self.process.poll() is None:
            self.process.send_signal(number)

    def kill(self):
        self.send(signal.SIGKILL)
        self.process.wait()

    def end(self):
        self.send(signal.SIGCONT)
        self.send(self.last)
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.process.wait(30)
        self.kill()
        return None

    @classmethod
    def end_every(cls):
        """The last that was started first: it may need those before it to end well."""
        while cls.every:
            cls.every.pop().end()

    def children(self):
        """Its own children, by number, with their command lines."""
        found = {}
        for entry in pathlib.Path("/proc").iterdir():
            with contextlib.suppress(OSError, ValueError, IndexError):
                stat = (entry / "stat").read_text()
                if int(stat[stat.rindex(")") + 2:].split()[1]) == self.pid:
                    found[int(entry.name)] = (entry / "cmdline").read_text()
        return found


class Postgres:
    """A server of PostgreSQL; with another one, its streaming standby. Processes are killed here, not the
    machine, so nothing needs to be forced to the disk."""

    def __init__(self, name, folder, primary=None):
        self.programs, self.port = programs_of_postgres(), free_port()
        self.user = "nobody" if os.geteuid() == 0 else None
        place = folder / name
        place.mkdir()
        if self.user:
            shutil.chown(place, self.user)
        self.files = place / "files"
        if primary:
            self.run("pg_basebackup", "-D", self.files, "-R", "-c", "fast", "-X", "stream", "-h", HOST, "-p",
                     primary.port, "-U", "crisp")
        else:
            self.run("initdb", "-D", self.files, "-U", "crisp", "-A", "trust", "--no-instructions", "-E",
                     "UTF8", "--locale=C", "--no-sync")
        settings = {
            "listen_addresses": HOST, "port": self.port, "unix_socket_directories": place,
            "max_connections": 200, "fsync": "off", "wal_level": "replica", "hot_standby": "on",
            # Else a standby waits five seconds for a server that starts again.
            "wal_retrieve_retry_interval": "100ms", "restart_after_crash": "on",
        }
        with open(self.files / "postgresql.conf", "a") as file:
            file.writelines(f"{key} = '{value}'\n" for key, value in settings.items())
        self.process = Process(
            name, [self.programs / "postgres", "-D", self.files], folder, user=self.user, last=signal.SIGINT)
        wait_until(name, lambda: self.sql("SELECT 1", quietly=True) == "1")

    def run(self, program, *words):
        done = subprocess.run(
            [self.programs / program, *map(str, words)], capture_output=True, text=True, cwd="/",
            user=self.user, group=self.user and pwd.getpwnam(self.user).pw_gid,
            extra_groups=[] if self.user else None)
        if done.returncode:
            raise SystemExit(f"{program}: {done.stderr}")
        return done.stdout.strip()

    def sql(self, text, database="postgres", quietly=False):
        done = subprocess.run(
            ["psql", "-XAtq", "-h", HOST, "-p", str(self.port), "-U", "crisp", "-d", database, "-c", text],
            capture_output=True, text=True)
        if done.returncode and not quietly:
            raise SystemExit(f"{text}: {done.stderr}")
        return done.stdout.strip() if done.returncode == 0 else None

    def wait_for_standby(self):
        """From here on nothing is acknowledged that the standby has not: a fail-over loses nothing."""
        self.sql("ALTER SYSTEM SET synchronous_standby_names = '*'")
        self.sql("SELECT pg_reload_conf()")
        wait_until("the standby", lambda: self.sql(
            "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'") == "1")

    def backends(self):
        """Processes that serve clients."""
        return [pid for pid, line in self.process.children().items()
                if line.startswith("postgres: crisp crisp ")]

    def promote(self):
        self.run("pg_ctl", "promote", "-D", self.files, "-w")


class Bouncer(Process):
    """PgBouncer in transaction mode."""

    def __init__(self, folder, postgres, settings=()):
        self.port = free_port()
        place = folder / "pgbouncer"
        place.mkdir()
        user = "nobody" if os.geteuid() == 0 else None
        (place / "users.txt").write_text('"crisp" ""\n')
        lines = ["[databases]", f"crisp = host={HOST} port={postgres.port} dbname=crisp", "[pgbouncer]",
                 f"listen_addr = {HOST}", f"listen_port = {self.port}", "auth_type = trust",
                 f"auth_file = {place}/users.txt", "pool_mode = transaction", "default_pool_size = 20",
                 "unix_socket_dir =", "server_login_retry = 1", *settings]
        (place / "pgbouncer.ini").write_text("\n".join(lines) + "\n")
        if user:
            for each in (place, *place.iterdir()):
                shutil.chown(each, user)
        program = shutil.which("pgbouncer", path=os.environ.get("PATH", "") + ":/usr/sbin")
        if not program:
            raise SystemExit("there is no PgBouncer: deploy/setup.sh pgbouncer installs it")
        super().__init__("pgbouncer", [program, place / "pgbouncer.ini"], folder, user=user)


class Objects:
    """SeaweedFS, which can be killed and started again as it was."""

    def __init__(self, folder):
        place = folder / "objects"
        place.mkdir()
        subprocess.run([pathlib.Path(__file__).with_name("seaweedfs.sh"), place], check=True)
        self.pid = int((place / "seaweedfs.pid").read_text())
        # The script waits for its servers; what it ran is read here, to be run again.
        self.words = pathlib.Path(f"/proc/{self.pid}/cmdline").read_text().rstrip("\0").split("\0")
        self.left = (place / "seaweedfs.left").read_text().split()
        self.folder, self.process = folder, None
        Process.every.append(self)
        for line in (place / "seaweedfs.env").read_text().splitlines():
            name, _, value = line.removeprefix("export ").partition("=")
            os.environ[name] = value
        self.flags = ["--objects", "s3://crisp-test/kills", "--s3-endpoint", os.environ["CRISP_TEST_S3"]]

    def restart(self):
        self.stop(signal.SIGKILL)
        self.process = Process("objects", self.words, self.folder)
        # Ended with this, after those who use it.
        Process.every.remove(self.process)

    def stop(self, number):
        if self.process:
            self.process.send(number)
            self.process.process.wait(30)
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)
        wait_until("the object store's end", lambda: not alive(self.pid))

    def end(self):
        self.stop(signal.SIGTERM)
        for pattern in self.left:
            for path in glob.glob(pattern):
                os.unlink(path)


def alive(pid):
    """Whether a process runs that need not be a child of ours; one that nobody has waited for does not."""
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat[stat.rindex(")") + 2] not in "ZX"


class Proxy:
    """Passes connections on, until told to cut them all in the middle of whatever they say."""

    def __init__(self, port):
        self.target, self.pairs, self.lock = port, set(), threading.Lock()
        self.server = socket.create_server((HOST, 0))
        self.port = self.server.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.server.accept()
            except OSError:
                return
            try:
                server = socket.create_connection((HOST, self.target), 5)
            except OSError:
                client.close()
                continue
            server.settimeout(None)
            with self.lock:
                self.pairs.add((client, server))
            for ends in ((client, server), (server, client)):
                threading.Thread(target=self.carry, args=ends, daemon=True).start()

    def carry(self, source, sink):
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                sink.sendall(data)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        with self.lock:
            self.pairs = {pair for pair in self.pairs if source not in pair}

    def cut(self):
        """Returns how many connections."""
        with self.lock:
            pairs, self.pairs = self.pairs, set()
        for pair in pairs:
            for end in pair:
                with contextlib.suppress(OSError):
                    # Reset, not closed (socket(7), SO_LINGER).
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
                    end.shutdown(socket.SHUT_RDWR)
        return len(pairs)
