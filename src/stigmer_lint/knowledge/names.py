"""Variable names as words."""

from __future__ import annotations

from functools import lru_cache


@lru_cache(maxsize=65536)
def tokens(name: str) -> tuple[str, ...]:
    """The words of a name in upper case: `API_BASE_URL`, `apiBaseUrl`, `api-base.url` -> API, BASE, URL."""
    found: list[str] = []
    start = 0
    for at, char in enumerate(name):
        if not char.isalnum():
            if at > start:
                found.append(name[start:at].upper())
            start = at + 1
        elif char.isupper() and at > start and (name[at - 1].islower() or (at + 1 < len(name) and name[at + 1].islower() and name[at - 1].isupper())):
            found.append(name[start:at].upper())
            start = at
    if start < len(name):
        found.append(name[start:].upper())
    return tuple(found)


def fits(name: str, glob: str) -> bool:
    """Whether a name fits a glob with `*` (any text). Linear: every literal piece is looked for once, from left to right."""
    if "*" not in glob:
        return name == glob
    pieces = glob.split("*")
    if not name.startswith(pieces[0]) or not name.endswith(pieces[-1]) or len(name) < len(pieces[0]) + len(pieces[-1]):
        return False
    at = len(pieces[0])
    end = len(name) - len(pieces[-1])
    for piece in pieces[1:-1]:
        found = name.find(piece, at, end)
        if found < 0:
            return False
        at = found + len(piece)
    return True
