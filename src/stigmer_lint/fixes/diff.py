"""Unified diffs of bytes, which `patch` and `git apply` take."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import SequenceMatcher
from itertools import takewhile
from urllib.parse import quote

CONTEXT = 3
MAX_LINES = 20_000
"""Between the first and the last line that differ; where there are more they are one hunk, because matching them is not linear."""

_Opcode = tuple[str, int, int, int, int]


def unified(path: str, before: bytes, after: bytes) -> bytes:
    """The difference of two contents of the file at `path`; nothing where there is none."""
    old, new = _lines(before), _lines(after)
    groups = list(_groups(old, new))
    if not groups:
        return b""
    name = path.encode("utf-8", "surrogateescape")
    if any(byte < 32 or byte in b'"\\\x7f' for byte in name):
        # git quotes such names in C style, patch reads neither; percent-encoding keeps a name from forging a header.
        name = quote(name).encode()
    out = [b"--- a/" + name + b"\n", b"+++ b/" + name + b"\n"]
    for group in groups:
        first, last = group[0], group[-1]
        out.append(f"@@ -{_range(first[1], last[2])} +{_range(first[3], last[4])} @@\n".encode())
        for tag, i1, i2, j1, j2 in group:
            if tag == "equal":
                out += (_line(b" ", line) for line in old[i1:i2])
                continue
            out += (_line(b"-", line) for line in old[i1:i2])
            out += (_line(b"+", line) for line in new[j1:j2])
    return b"".join(out)


def _lines(data: bytes) -> list[bytes]:
    """Lines as `patch` counts them: LF alone ends one."""
    pieces = data.split(b"\n")
    return [piece + b"\n" for piece in pieces[:-1]] + ([pieces[-1]] if pieces[-1] else [])


def _groups(old: list[bytes], new: list[bytes]) -> Iterator[list[_Opcode]]:
    head = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(old, new, strict=False)))
    rest = min(len(old), len(new)) - head
    tail = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(reversed(old[len(old) - rest :]), reversed(new[len(new) - rest :]), strict=True)))
    start, stop_old, stop_new = max(0, head - CONTEXT), min(len(old), len(old) - tail + CONTEXT), min(len(new), len(new) - tail + CONTEXT)
    if head == len(old) == len(new):
        return
    if max(stop_old, stop_new) - start > MAX_LINES:
        yield [
            ("equal", start, head, start, head), ("replace", head, len(old) - tail, head, len(new) - tail),
            ("equal", len(old) - tail, stop_old, len(new) - tail, stop_new),
        ]  # fmt: skip
        return
    matcher = SequenceMatcher(None, old[start:stop_old], new[start:stop_new], autojunk=False)
    for group in matcher.get_grouped_opcodes(CONTEXT):
        yield [(tag, i1 + start, i2 + start, j1 + start, j2 + start) for tag, i1, i2, j1, j2 in group]


def _range(start: int, stop: int) -> str:
    size = stop - start
    return f"{start + 1 if size else start},{size}" if size != 1 else f"{start + 1}"


def _line(sign: bytes, line: bytes) -> bytes:
    return sign + line if line.endswith(b"\n") else sign + line + b"\n\\ No newline at end of file\n"
