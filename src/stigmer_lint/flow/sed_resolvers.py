"""Lines of shell scripts that turn loopback in a variable's address into a host alias with sed: `X=$(echo "$URL" | sed 's/localhost/.../g')`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from stigmer_lint.addresses import classify_address
from stigmer_lint.flow.resolvers import INPUTS
from stigmer_lint.model.launch import PLATFORMS
from stigmer_lint.model.span import Span
from stigmer_lint.model.value import Known
from stigmer_lint.model.world import Resolver, ResolverRow

_GIVEN = re.compile(rb"(?:\$\(|`)\s*(?:echo|printf\s+['\"]?%s(?:\\n)?['\"]?)\s+\"?\$\{?(\w*(?:URL|URI|HOST|ENDPOINT|ADDR|ADDRESS|SERVER))\}?\"?\s*\|\s*sed\s", re.IGNORECASE)
"""One address, as its variable's name says; what comes out of a file or a command has spellings that its author knows."""

_SUBSTITUTION = re.compile(rb"(?<![\w$])s([/|#,@])((?:(?!\1)[^\n\\]|\\.)*)\1((?:(?!\1)[^\n\\]|\\.)*)\1(g?)(?=['\";\s)])")
_LITERAL = re.compile(rb"(?:[\w:/-]|\\?\.)+")
_LOOPBACK_NAMES = frozenset({b"localhost", b"127.0.0.1"})

_GUARD = re.compile(rb"\buname\b|\bOSTYPE\b|\bgetent\b|\bnslookup\b|/etc/hosts")
"""What scripts ask where they run, or whether the alias is there: then the line may never run on Linux."""

MAX_LINE = 4000


def sed_resolvers(path: str, data: bytes) -> Iterator[Resolver]:
    """The resolvers of one script, each with its answers to `INPUTS`: where both usual spellings of loopback are replaced by a host alias that
    is written down, because that is meant for whatever address comes. On Linux the answer is open where the script has a guard."""
    guarded = _GUARD.search(data) is not None
    start = 0
    for line in data.split(b"\n"):
        at, start = start, start + len(line) + 1
        if b"sed" not in line or b"localhost" not in line or len(line) > MAX_LINE or line.lstrip().startswith(b"#"):
            continue
        given = _GIVEN.search(line)
        if given is None:
            continue
        steps = list(_SUBSTITUTION.finditer(line, given.end()))
        pairs = [(one[2].replace(b"\\.", b"."), one[3].replace(b"\\.", b"."), one[4] == b"g") for one in steps]
        if not all(_LITERAL.fullmatch(one[2]) and _LITERAL.fullmatch(one[3]) for one in steps) or not {old for old, _, _ in pairs} >= _LOOPBACK_NAMES:
            continue
        if any(old in _LOOPBACK_NAMES and not _is_alias(new) for old, new, _ in pairs):
            continue
        name = given[1].decode("ascii", "replace")
        rows = tuple(
            ResolverRow(platform, text, None if guarded and platform == "linux" else Known(_replaced(text, pairs))) for platform in PLATFORMS for text in INPUTS
        )
        yield Resolver(f"sed on {name}", Span(path, at + given.start(), at + len(line.rstrip())), rows, False, name)


def _is_alias(text: bytes) -> bool:
    address = classify_address(text.decode("ascii", "replace"))
    return address is not None and address.kind == "host-alias"


def _replaced(text: str, pairs: list[tuple[bytes, bytes, bool]]) -> str:
    raw = text.encode()
    for old, new, everywhere in pairs:
        raw = raw.replace(old, new, -1 if everywhere else 1)
    return raw.decode()


__all__ = ["sed_resolvers"]
