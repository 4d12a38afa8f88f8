"""A real PostgreSQL server of the system's packages, on a Unix socket of its own."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def binaries() -> Path | None:
    """Where `initdb` and `pg_ctl` are, the newest version; None where the server is not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).parent if on_path else None


class Server:
    """A server that can be stopped and started. It does not run as root, so root becomes `nobody` for it."""

    def __init__(self, directory: Path, programs: Path) -> None:
        self.directory = directory
        self._programs = programs
        self._user = pwd.getpwnam("nobody") if os.getuid() == 0 else pwd.getpwuid(os.getuid())
        if os.getuid() == 0:
            os.chown(directory, self._user.pw_uid, self._user.pw_gid)
        self._run("initdb", "-A", "trust", "-U", "codemode", "--no-sync", "-E", "UTF8", "--locale=C")
        self.start()

    @property
    def conninfo(self) -> str:
        return f"host={self.directory} user=codemode dbname=postgres"

    def start(self) -> None:
        options = f"-c listen_addresses= -c unix_socket_directories={self.directory}"
        self._run("pg_ctl", "-w", "-l", str(self.directory / "log"), "-o", options, "start")

    def stop(self) -> None:
        self._run("pg_ctl", "-m", "immediate", "-w", "stop")

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), *arguments, "-D", str(self.directory / "data")]
        root = {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []} if os.getuid() == 0 else {}
        done = subprocess.run(command, cwd="/", capture_output=True, text=True, timeout=60, **root)
        assert done.returncode == 0, f"{program}: {done.stdout}{done.stderr}"


@contextmanager
def running(programs: Path) -> Iterator[Server]:
    """One server, with a fresh database, for as long as this lasts."""
    with tempfile.TemporaryDirectory(prefix="codemode-postgres-") as name:
        server = Server(Path(name), programs)
        try:
            yield server
        finally:
            server.stop()
