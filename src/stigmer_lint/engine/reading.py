"""Reading one file of a tree that may be hostile: never waits, never follows a link by accident, never takes in more than the limit."""

from __future__ import annotations

import os
import re
import stat

MAX_BYTES = 5_000_000
"""Larger files are not analysed; they are reported where they hold something that would have been looked at."""
MAX_SCANNED = 64_000_000
"""Bytes of a larger file that are searched to tell whether leaving it out matters."""

_CHUNK = 1 << 20
_OVERLAP = 256
# Windows has none of these; a FIFO cannot be in a tree there.
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOCTTY", 0)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)


class TooLargeError(OSError):
    """The file is over `MAX_BYTES`. `matters`: it holds something that would have been looked at."""

    def __init__(self, size: int, matters: bool) -> None:
        super().__init__(f"it has {size:,} bytes, and files over {MAX_BYTES:,} are not analysed")
        self.matters = matters


class NotRegularError(OSError):
    """A folder, FIFO, socket or device where a file was expected."""


def read(path: str, needles: re.Pattern[bytes] | None = None, follow: bool = False) -> bytes:
    """The bytes of a regular file. A file that shrinks meanwhile is read as far as it goes; one that grows, up to the limit.

    Raises TooLargeError, NotRegularError, or another OSError. With `needles`, TooLargeError says whether one of them is in the file.
    `follow`: the last part of the path may be a symbolic link.
    """
    handle = os.open(path, _FLAGS | (0 if follow else _NO_LINK))
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise NotRegularError("it is not a regular file")
        size = status.st_size
        if size > MAX_BYTES:
            raise TooLargeError(size, needles is None or _holds(handle, needles))
        data = os.read(handle, size + 1)
        if len(data) == size:
            return data
        # The size was not the truth (it grew, or the file system does not say): go on to the end or the limit.
        pieces = [data]
        total = len(data)
        while total <= MAX_BYTES and (piece := os.read(handle, _CHUNK)):
            pieces.append(piece)
            total += len(piece)
        if total > MAX_BYTES:
            raise TooLargeError(total, True)
        return b"".join(pieces)
    finally:
        os.close(handle)


def _holds(handle: int, needles: re.Pattern[bytes]) -> bool:
    """Whether a large text holds a needle; a binary file is none, and one too large to search counts as holding it."""
    tail = b""
    scanned = 0
    while piece := os.read(handle, _CHUNK):
        if scanned == 0 and b"\0" in piece[:8192]:
            return False
        if needles.search(tail + piece):
            return True
        tail = piece[-_OVERLAP:]
        scanned += len(piece)
        if scanned > MAX_SCANNED:
            return True
    return False


def reason(error: OSError) -> str:
    """Why, without the path and the number: "Permission denied"."""
    return error.strerror or (str(error.args[0]) if error.args else type(error).__name__)
