"""What `up` has started, written down beside the policy, so that `down` stops exactly that: also after a crash, also days later.

    .stigmer-lint/state.json     what was started
    .stigmer-lint/logs/NAME.log  what a service has written

Users can read it and delete it. A checked-out tree may bring such a file along, so nothing in it is trusted: a process is only ended when
it carries this file's token, or has the very number and start that are written down; a container only when it carries the launcher's label.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from stigmer_lint.errors import UsageError

FOLDER = ".stigmer-lint"
"""Name of the folder, beside the policy."""


class StartedService(msgspec.Struct, frozen=True, kw_only=True):
    """A process of the host. `began` tells it from a later one of the same number (see `processes.birth`)."""

    name: str
    pid: int
    began: str
    command: tuple[str, ...]
    embedded: bool = False


class StartedContainer(msgspec.Struct, frozen=True, kw_only=True):
    """A container of the launcher. `digest` is that of the command line which started it; `id` "" while it is being started."""

    key: str
    name: str
    program: str
    id: str = ""
    digest: str = ""


class State(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is written down. `token` stands in the environment of every process that was started."""

    version: int = 1
    token: str
    services: tuple[StartedService, ...] = ()
    containers: tuple[StartedContainer, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether nothing is up."""
        return not self.services and not self.containers


class Ledger:
    """The folder of one policy. Use `held` around everything that changes it."""

    def __init__(self, beside: Path) -> None:
        self.folder = beside / FOLDER
        self.state = self._read()

    @property
    def file(self) -> Path:
        """Where the state is."""
        return self.folder / "state.json"

    def log(self, name: str) -> Path:
        """Where a service's output goes."""
        return self.folder / "logs" / f"{re.sub(r'[^A-Za-z0-9._-]', '_', name).lstrip('.') or '_'}.log"

    @contextmanager
    def held(self) -> Iterator[None]:
        """One `up` or `down` at a time. Raises UsageError where another is at work, or the folder cannot be written."""
        import fcntl

        if any(path.is_symlink() for path in (self.folder, self.folder / "logs")):
            raise UsageError(f"{self.folder} or its logs are a symbolic link; delete it.")
        try:
            (self.folder / "logs").mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(FileExistsError), os.fdopen(os.open(self.folder / ".gitignore", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644), "w") as stream:
                # What is in it belongs to this machine, not into a commit.
                stream.write("*\n")
            lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise UsageError(f"{self.folder} cannot be written: {error.strerror}.") from error
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise UsageError(f"Another up or down is at work with {self.folder}; wait for it to end.") from error
            self.state = self._read()
            yield
        finally:
            os.close(lock)

    def keep(self, state: State) -> None:
        """Write a state down, whole or not at all. Raises UsageError."""
        self.state = state
        if state.empty:
            self.file.unlink(missing_ok=True)
            return
        fresh = self.file.with_suffix(".new")
        try:
            fresh.unlink(missing_ok=True)
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
                stream.write(msgspec.json.format(msgspec.json.encode(state), indent=1) + b"\n")
                stream.flush()
                os.fsync(stream.fileno())
            fresh.replace(self.file)
        except OSError as error:
            raise UsageError(f"{self.file} cannot be written: {error.strerror}.") from error

    def with_service(self, service: StartedService) -> None:
        """Write down that a service was started."""
        others = tuple(one for one in self.state.services if one.name != service.name)
        self.keep(msgspec.structs.replace(self.state, services=(*others, service)))

    def with_container(self, container: StartedContainer) -> None:
        """Write down that a container is started, or was."""
        others = tuple(one for one in self.state.containers if one.key != container.key)
        self.keep(msgspec.structs.replace(self.state, containers=(*others, container)))

    def without(self, *, service: str | None = None, container: str | None = None) -> None:
        """Write down that something is stopped."""
        self.keep(
            msgspec.structs.replace(
                self.state, services=tuple(one for one in self.state.services if one.name != service),
                containers=tuple(one for one in self.state.containers if one.key != container),
            )
        )  # fmt: skip

    def _read(self) -> State:
        try:
            data = self.file.read_bytes()
        except FileNotFoundError:
            return State(token=secrets.token_hex(16))
        except OSError as error:
            raise UsageError(f"{self.file} cannot be read: {error.strerror}.") from error
        try:
            state = msgspec.json.decode(data, type=State)
        except msgspec.DecodeError as error:
            raise UsageError(f"{self.file} is not a state of this program ({error}); if nothing of it runs any more, delete it.") from error
        if state.version != 1 or not re.fullmatch(r"[0-9a-f]{32}", state.token):
            raise UsageError(f"{self.file} is of another version of this program; stop what it names with that one, or delete it.")
        return state


__all__ = ["FOLDER", "Ledger", "StartedContainer", "StartedService", "State"]
