"""The page's server: in the daemon on a thread of its own, or alone."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable
from typing import Any

from monitor.errors import ConfigError
from monitor.i18n import _
from monitor.shell import Shell
from monitor.watching import MOST_COUNTED
from monitor.watching import health as health_of
from monitor.web.app import make_app

SLOW_CLIENT_S = 10  # a connection that says nothing for so long is closed
MOST_CONNECTIONS = 200


class Page:
    """The review page of one installation, listening once it is made."""

    def __init__(self, shell: Shell, *, health: Callable[[], dict[str, Any]]) -> None:
        import uvicorn

        app = make_app(shell, health=health)
        self._socket = _listen(shell.settings.web_address)
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=SLOW_CLIENT_S,
            timeout_graceful_shutdown=3,
            limit_concurrency=MOST_CONNECTIONS,
            lifespan="off",
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._serve, name="page", daemon=True)

    def _serve(self) -> None:
        with self._socket:  # uvicorn leaves it open where it is told to stop before it has begun
            self._server.run(sockets=[self._socket])

    def start(self) -> None:
        """Answer on a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Finish what is being answered, then stop."""
        self._server.should_exit = True
        self._thread.join(5)

    def run(self) -> None:
        """Answer on this thread until SIGTERM or SIGINT, which is no failure."""
        for number in (signal.SIGTERM, signal.SIGINT):  # uvicorn stops in order, then raises the signal once more
            signal.signal(number, lambda *_: None)
        self._serve()


def serve(shell: Shell) -> int:
    """Only the page, until it is stopped."""
    page = Page(shell, health=lambda: health_of(shell, now=shell.clock(), most=MOST_COUNTED))
    page.run()
    return 0


def _listen(address: str) -> socket.socket:
    host, _colon, port = address.rpartition(":")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    found = socket.socket(family, socket.SOCK_STREAM)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((host.strip("[]"), int(port)))
    except OSError as problem:
        found.close()
        said = _("the page cannot listen on {address} ({why}): set MONITOR_WEB_ADDRESS")
        raise ConfigError(said.format(address=address, why=problem.strerror)) from problem
    found.listen(128)
    return found
