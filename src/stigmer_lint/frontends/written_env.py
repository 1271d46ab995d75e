"""Env files that a script writes before it hands them over: `cat > app.env <<EOF`, `echo "NAME=value" >> app.env`."""

from __future__ import annotations

import re
from typing import Final

from stigmer_lint.errors import UnreadableError
from stigmer_lint.frontends.dotenv import EnvLine, read_dotenv
from stigmer_lint.frontends.written_compose import MAX_DOCUMENTS, SHELL, blanked, here_documents, script_variables, unescaped
from stigmer_lint.model.span import SourceFile
from stigmer_lint.model.value import Value

_PRINTED: Final = re.compile(
    rb"^[ \t]*(?:echo|printf)[ \t]+(?:-\w+[ \t]+)?([\"']?)([A-Za-z_][A-Za-z0-9_]*=[^\"'\n]*?)(?:\\n)?\1[ \t]{0,20}>{1,2}[ \t]*[\"']?([^\s\"';&|]+)", re.MULTILINE
)


def written_env(source: SourceFile, name: str, before: int) -> tuple[EnvLine, ...]:
    """The variables that a script writes into a file of this base name before byte `before`; () where it writes none."""
    data = source.data
    if not source.path.endswith(SHELL) and not data.startswith(b"#!"):
        return ()
    wanted = re.compile(rb"(?:>{1,2}|tee(?:[ \t]+-a)?)[ \t]*[\"']?(?:[^\s\"';&|]*/)?" + re.escape(name.encode()) + rb"(?![\w.-])")
    found: list[EnvLine] = []
    documents = 0
    for one in here_documents(data, before):
        if documents < MAX_DOCUMENTS and wanted.search(one.command) is not None:
            documents += 1
            body = data[one.start : one.end]
            found += _lines(source, blanked(data, one.start, one.end, body if one.literal else unescaped(body)), one.start)
    printed = [hit for hit in _PRINTED.finditer(data, 0, before) if hit[3].rpartition(b"/")[2] == name.encode()]
    if printed:
        # All of them at once: a script may print hundreds of lines.
        start, end = printed[0].start(2), printed[-1].end(2)
        kept = bytearray(re.sub(rb"[^\r\n]", b" ", data[start:end]))
        for hit in printed:
            kept[hit.start(2) - start : hit.end(2) - start] = hit[2]
        found += _lines(source, blanked(data, start, end, bytes(kept)), printed[-1].start())
    return tuple(sorted(found, key=lambda line: line.span))


def _lines(source: SourceFile, data: bytes, start: int) -> tuple[EnvLine, ...]:
    known = script_variables(source, start)

    def outside(name: str) -> Value | None:
        return known.get(name)

    try:
        return read_dotenv(SourceFile(source.path, data), outside)
    except UnreadableError:
        return ()


__all__ = ["written_env"]
