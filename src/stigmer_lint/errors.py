"""Every error that this program raises on purpose. Anything else that escapes is a bug in it."""

from __future__ import annotations


class StigmerLintError(Exception):
    """Root of the tree. `str(error)` is one complete sentence for the user."""


class UsageError(StigmerLintError):
    """The command line asks for something that cannot be done (exit status 2)."""


class PolicyError(StigmerLintError):
    """A policy or configuration file is wrong (exit status 2). The text starts with file:line:column."""


class EngineError(StigmerLintError):
    """No container engine, or it answered with an error (exit status 2 or 3, said by the command)."""


class UnreadableError(StigmerLintError):
    """One input could not be read; `why` goes into the report and the run goes on (exit status 3)."""

    def __init__(self, path: str, why: str, offset: int = 0) -> None:
        super().__init__(f"{path}: {why}")
        self.path = path
        self.why = why
        self.offset = offset
        """Byte offset in the file at which reading failed, 0 where that is not known."""
