"""The machine's one tagging process: a client for everybody, and the server behind the socket. [I/O]

The server is started by the first client that needs it and ends when nobody has asked for a
while; only it holds the classifier. One connection carries one question and one answer, each
a length of four bytes and that much msgpack. Server: `python -m monitor.classify.tagger`.
"""

from __future__ import annotations

import fcntl
import os
import socket as sockets
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import IO, TYPE_CHECKING

import msgspec

from monitor import __version__, i18n
from monitor.domain import Judgement, Text
from monitor.errors import ArtefactError
from monitor.i18n import _

if TYPE_CHECKING:
    from monitor.classify.predict import Classifier

QUESTION_TEXTS = 200  # texts in one question: bounds memory and how long others wait
MOST_BYTES = 64 * 1024 * 1024
START_S = 30.0  # until a fresh server answers, on a slow disk
ANSWER_S = 300.0
TICK_S = 1.0
_LENGTH = struct.Struct("!I")
_PATH_MOST = 100  # bytes; the kernel takes 107


class Question(msgspec.Struct):
    """What a client asks: judge these texts with the classifier in that folder; trouble is told in `language`."""

    version: str
    model: str
    texts: list[Text]
    language: str = "en"
    fast: bool = False
    meaning: bool = False  # their vectors are wanted, no judgement


class Answer(msgspec.Struct):
    """What comes back; `error` in words where there are no judgements, `stale` from a server of another version."""

    judgements: list[Judgement] = []
    meanings: list[bytes] = []
    error: str = ""
    stale: bool = False


_questions = msgspec.msgpack.Decoder(Question)
_answers = msgspec.msgpack.Decoder(Answer)
_encoder = msgspec.msgpack.Encoder()


class Tagger:
    """The client: asks the machine's tagging process, and starts it where there is none."""

    def __init__(
        self,
        *,
        model_dir: Callable[[], Path],
        socket: Path,
        idle_s: float,
        on_answer: Callable[[], object] = lambda: None,
    ) -> None:
        self._model_dir = model_dir
        self._path = _short(socket)
        self._idle_s = idle_s
        self._on_answer = on_answer  # told of each question that was answered

    def judge(self, texts: Sequence[Text], *, fast: bool = False) -> list[Judgement]:
        """What the classifier says of each text, by its fast tier alone if `fast`.

        Raises: ArtefactError when it cannot be had.
        """
        found: list[Judgement] = []
        for start in range(0, len(texts), QUESTION_TEXTS):
            asked = list(texts[start : start + QUESTION_TEXTS])
            question = Question(__version__, self._model, asked, i18n.current()[0], fast)
            found += self._ask(_encoder.encode(question)).judgements
        return found

    def meanings(self, texts: Sequence[Text]) -> list[bytes]:
        """What each headline means, as `classify.meaning` has it. Raises: ArtefactError when it cannot be had."""
        question = Question(__version__, self._model, list(texts), i18n.current()[0], meaning=True)
        return self._ask(_encoder.encode(question)).meanings

    @cached_property
    def _model(self) -> str:
        """The classifier's folder, looked up while the server comes up."""
        starting = self._started()
        try:
            return str(self._model_dir().resolve())
        finally:  # also where the database that names it is away
            _settled(starting)

    def close(self) -> None:
        """Nothing to give back: the server is everybody's and ends by itself when nobody asks any more."""

    def _ask(self, question: bytes) -> Answer:
        until = time.monotonic() + START_S
        wait = 0.005
        while True:
            try:
                answer = self._answer(question)
            except (FileNotFoundError, ConnectionError, TimeoutError, EOFError) as problem:
                if time.monotonic() > until:
                    said = _("the tagging process does not answer ({why}); see {file}")
                    raise ArtefactError(said.format(why=problem, file=self._log)) from problem
                self._start()
            else:
                if answer.error:
                    raise ArtefactError(answer.error)
                if not answer.stale:
                    self._on_answer()
                    return answer
            time.sleep(wait)
            wait = min(wait * 2, 0.1)

    def _answer(self, question: bytes) -> Answer:
        with sockets.socket(sockets.AF_UNIX) as connection:
            connection.settimeout(ANSWER_S)
            connection.connect(str(self._path))
            _send(connection, question)
            return _answers.decode(_receive(connection))

    @property
    def _log(self) -> Path:
        return self._path.with_suffix(".log")

    def _start(self) -> None:
        """Start a server unless one is coming up; returns when it holds the lock, before it listens."""
        _settled(self._started())

    def _started(self) -> subprocess.Popen[bytes] | None:
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._path.with_suffix(".lock").open("w") as lock:
            if not _locked(lock):
                return None
        command = [sys.executable, "-m", __name__, str(self._path), repr(self._idle_s)]
        with self._log.open("wb") as log:
            return subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log, start_new_session=True
            )


def _settled(starting: subprocess.Popen[bytes] | None) -> None:
    """Wait until a server that was started holds the lock, or has given up."""
    if starting is not None:
        with suppress(subprocess.TimeoutExpired):
            starting.wait(START_S)


def _locked(lock: IO[str]) -> bool:
    """Whether the lock is ours now; it is given back when the file is closed, or when the last heir ends."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _short(path: Path) -> Path:
    """`path`, or one that the kernel's limit admits in a folder of our own among the temporary files."""
    if len(os.fsencode(path)) <= _PATH_MOST:
        return path
    folder = Path(tempfile.gettempdir()) / f"monitor-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.getuid() or folder.stat().st_mode & 0o077:
        said = _("{folder} is not ours alone: remove it, or choose a shorter MONITOR_DATA_DIR")
        raise ArtefactError(said.format(folder=folder))
    return folder / (blake2b(os.fsencode(path), digest_size=8).hexdigest() + ".sock")


def _send(connection: sockets.socket, content: bytes) -> None:
    connection.sendall(_LENGTH.pack(len(content)) + content)


def _receive(connection: sockets.socket) -> bytes:
    (length,) = _LENGTH.unpack(_exactly(connection, _LENGTH.size))
    if length > MOST_BYTES:
        raise ConnectionError(f"a message of {length} bytes is longer than we take")
    return _exactly(connection, length)


def _exactly(connection: sockets.socket, length: int) -> bytes:
    content = bytearray()
    while len(content) < length:
        part = connection.recv(min(length - len(content), 1 << 20))
        if not part:
            raise EOFError("the other side hung up")
        content += part
    return bytes(content)


# --- the server ------------------------------------------------------------------------------


class Server:
    """Answers questions one after the other until it is idle, replaced or of an old version."""

    def __init__(self, path: Path, idle_s: float) -> None:
        self._path, self._idle_s = path, idle_s
        self._model = ("", "")  # folder and version
        self._classifier: Classifier | None = None
        self._ends = False

    def serve(self) -> None:
        """Listen at the socket, in a process that nobody waits for; where another server is, end at once."""
        with self._path.with_suffix(".lock").open("w") as lock, sockets.socket(sockets.AF_UNIX) as listener:
            if not _locked(lock) or os.fork():
                return  # the child inherits the lock and goes on
            self._path.unlink(missing_ok=True)
            with _private():
                listener.bind(str(self._path))
            ours = self._path.stat().st_ino
            listener.listen(64)
            listener.settimeout(TICK_S)
            import monitor.classify.predict  # noqa: F401  (while the first question is still being made)

            self._answer_all(listener, ours)
            if self._still_at(ours):
                self._path.unlink(missing_ok=True)

    def _answer_all(self, listener: sockets.socket, ours: int) -> None:
        last = time.monotonic()
        while not self._ends and self._still_at(ours) and time.monotonic() - last < self._idle_s:
            try:
                connection, _address = listener.accept()
            except TimeoutError:
                continue
            with connection:
                connection.settimeout(ANSWER_S)
                try:
                    _send(connection, _encoder.encode(self._answer(_receive(connection))))
                except (OSError, EOFError) as problem:
                    print(problem, file=sys.stderr, flush=True)  # noqa: T201  (goes to the log file)
            last = time.monotonic()

    def _still_at(self, ours: int) -> bool:
        """Whether the socket's name still leads to us: a removed data folder ends its server."""
        try:
            return self._path.stat().st_ino == ours
        except OSError:
            return False

    def _answer(self, content: bytes) -> Answer:
        try:
            question = _questions.decode(content)
        except msgspec.MsgspecError:
            self._ends = True  # spoken by another version
            return Answer(stale=True)
        if question.version != __version__:
            self._ends = True
            return Answer(stale=True)
        i18n.use(question.language)
        try:
            if question.meaning:
                from monitor.classify.meaning import meanings

                return Answer(meanings=meanings(question.texts, self._with(question.model).weights.adapter))
            return Answer(judgements=self._with(question.model).judge(question.texts, fast=question.fast))
        except ArtefactError as problem:
            return Answer(error=str(problem))

    def _with(self, model: str) -> Classifier:
        from monitor.classify.artefact import manifest_of
        from monitor.classify.predict import Classifier

        version = str(manifest_of(Path(model))["version"])
        if self._classifier is None or (model, version) != self._model:
            self._classifier = Classifier.load(Path(model))
            self._model = (model, version)
        return self._classifier


class _private:  # noqa: N801  (reads as a statement)
    """Files made inside belong to the user alone."""

    def __enter__(self) -> None:
        self._former = os.umask(0o177)

    def __exit__(self, *_: object) -> None:
        os.umask(self._former)


if __name__ == "__main__":
    Server(Path(sys.argv[1]), float(sys.argv[2])).serve()
