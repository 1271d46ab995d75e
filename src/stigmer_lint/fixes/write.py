"""Changed files put in place, each at once: whoever looks sees the old content or the new one."""

from __future__ import annotations

import ast
import os
import re
import stat
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from stigmer_lint.engine.discover import Files
from stigmer_lint.engine.reading import read
from stigmer_lint.flow.project import Project
from stigmer_lint.frontends.jsonc import load_jsonc
from stigmer_lint.frontends.yaml_nodes import load
from stigmer_lint.model.span import SourceFile
from stigmer_lint.report.types import Failure


def write(root: Path, before: dict[str, bytes], after: dict[str, bytes]) -> list[Failure]:
    """Write the new contents below `root`; the files that could not be, each with why. A file that is a link, lies behind one that leaves the
    root, or is no longer as it was read stays as it is. Mode and, where the system lets us, owner are kept."""
    failures: list[Failure] = []
    top = root.resolve()
    for path in sorted(after):
        try:
            why = _put(top, path, before[path], after[path])
        except OSError as error:
            why = error.strerror or type(error).__name__
        if why is not None:
            failures.append(Failure(path, f"it was not mended: {why}"))
    return failures


def _put(top: Path, path: str, before: bytes, after: bytes) -> str | None:
    target = top / path
    if target.parent.resolve() != target.parent:
        return "it lies behind a symbolic link"
    status = target.lstat()
    if not stat.S_ISREG(status.st_mode):
        return "it is a symbolic link or no regular file"
    if read(str(target)) != before:
        return "it has changed meanwhile"
    if not os.access(target, os.W_OK):
        # Replacing a file asks for the folder alone; who made it read-only does not want it changed.
        return "it is read-only"
    handle, name = tempfile.mkstemp(prefix=".stigmer-lint-", dir=target.parent)
    new = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(after)
            file.flush()
            os.fsync(file.fileno())
        new.chmod(stat.S_IMODE(status.st_mode))
        if hasattr(os, "chown") and (status.st_uid, status.st_gid) != (os.getuid(), os.getgid()):
            # Where the owner is not ours to give away, the content matters more.
            with suppress(PermissionError):
                os.chown(new, status.st_uid, status.st_gid)
        new.replace(target)
    except BaseException:
        new.unlink(missing_ok=True)
        raise
    return None


def parses(files: Files) -> Callable[[SourceFile, SourceFile], bool]:
    """A test whether a changed file is still understood as far as it was; UnreadableError says as much as False."""
    languages = Project(files, lambda needle, wanted: iter(()))

    def intact(before: SourceFile, after: SourceFile) -> bool:
        name = after.path.rsplit("/", 1)[-1].lower()
        if name.endswith((".yaml", ".yml")):
            load(after)
        elif name.endswith((".json", ".jsonc")):
            load_jsonc(after)
        reader = languages.frontend(after.path)
        if reader is None:
            return True
        if name.endswith(".go") and _unused(after.data) - _unused(before.data):
            return False
        if name.endswith(".py") and _is_python(before.data) and not _is_python(after.data):
            return False
        return reader.parse(after).error_at is None or reader.parse(before).error_at is not None

    return intact


_GO_IMPORT = re.compile(rb'(?m)^(?:import[ \t]+|[ \t]+)(?:(\w+)[ \t]+)?"(?:[^"\s]*/)?([\w.-]+)"[ \t]*(?://[^\r\n]*)?\r?$')


def _unused(data: bytes) -> set[bytes]:
    """The packages that a Go file imports and does not use, which its compiler takes for an error."""
    head = _GO_DECLARATION.search(data)
    end = head.start() if head is not None else len(data)
    names = {one[1] or one[2] for one in _GO_IMPORT.finditer(data, 0, end)}
    return {name for name in names if re.search(rb"(?<![\w.])" + re.escape(name) + rb"\.", data[end:]) is None}


_GO_DECLARATION = re.compile(rb"(?m)^(?:func|var|const|type)\b")


def _is_python(data: bytes) -> bool:
    """Whether the interpreter's own grammar takes it; that of tree-sitter lets more through."""
    try:
        ast.parse(data)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True
