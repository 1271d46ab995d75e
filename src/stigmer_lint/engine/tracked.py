"""Which files git has under its care: an ignore file is about the others alone.

The index is read as it is (git-scm.com/docs/index-format), since git itself, asked in a tree that nobody knows, may run what that tree's
configuration says.
"""

from __future__ import annotations

import os
from pathlib import Path

from stigmer_lint.engine.reading import read

_STAT = 40
_FLAGS = 2
_EXTENDED = 0x4000
_LENGTH = 0xFFF
"""Of the flags: that two more bytes follow, and how long the path is, as far as these bits can say."""
_POINTER = b"gitdir: "


class Tracked:
    """The tracked files below a root, read when they are first asked for. Without an index that can be read there are none.

    `root`: the folder that paths are relative to; the checkout is there or above it.
    """

    def __init__(self, root: str) -> None:
        self._root = Path(root)
        self._top = next((folder for folder in (self._root, *self._root.parents) if (folder / ".git").exists()), None)
        self._paths: frozenset[str] | None = None
        self._folders: frozenset[str] = frozenset()

    @property
    def by_git(self) -> bool:
        """Whether the root is in a checkout at all."""
        return self._top is not None

    def file(self, path: str) -> bool:
        """Whether a file is tracked."""
        return path in self._known()

    def folder(self, path: str) -> bool:
        """Whether a folder holds a tracked file, at any depth."""
        self._known()
        return path in self._folders

    def _known(self) -> frozenset[str]:
        if self._paths is None:
            within = self._root.relative_to(self._top).as_posix() if self._top is not None else "."
            lead = "" if within == "." else f"{within}/"
            every = _paths(self._top / ".git") if self._top is not None else []
            self._paths = frozenset(path.removeprefix(lead) for path in every if path.startswith(lead))
            folders: set[str] = set()
            for path in self._paths:
                folder = path.rpartition("/")[0]
                while folder and folder not in folders:
                    folders.add(folder)
                    folder = folder.rpartition("/")[0]
            self._folders = frozenset(folders)
        return self._paths


def _paths(git: Path) -> list[str]:
    """The paths in the index of a checkout's `.git`, which in a worktree is a file that says where the folder is."""
    try:
        if git.is_file():
            said = read(str(git))
            git = git.parent / os.fsdecode(said[len(_POINTER) :].strip()) if said.startswith(_POINTER) else git
        data = read(str(git / "index"))
    except (OSError, ValueError):
        # ValueError: a path with a NUL in it.
        return []
    return entries(data, 20) or entries(data, 32)


def entries(data: bytes, digest: int) -> list[str]:
    """The paths of an index file whose object names have `digest` bytes; none where it is not such a file."""
    version = int.from_bytes(data[4:8], "big")
    if data[:4] != b"DIRC" or version not in (2, 3, 4):
        return []
    found: list[str] = []
    at, before = 12, b""
    for _ in range(int.from_bytes(data[8:12], "big")):
        start = at
        at += _STAT + digest + _FLAGS
        flags = int.from_bytes(data[at - _FLAGS : at], "big")
        if flags & _EXTENDED and version > 2:
            at += _FLAGS
        dropped = 0
        if version == 4:
            # As many bytes as the path before loses at its end, seven bits in a byte, each further one counted from one on.
            while at < len(data):
                byte = data[at]
                at += 1
                dropped = (dropped << 7) + (byte & 0x7F)
                if not byte & 0x80:
                    break
                dropped += 1
        end = data.find(b"\0", at)
        if end < 0 or dropped > len(before):
            return []
        before = before[: len(before) - dropped] + data[at:end] if version == 4 else data[at:end]
        if not before or flags & _LENGTH != min(len(before), _LENGTH):
            return []
        found.append(os.fsdecode(before))
        at = end + 1 if version == 4 else start + (end - start + 8) // 8 * 8
    return found


__all__ = ["Tracked", "entries"]
