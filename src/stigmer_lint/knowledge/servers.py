"""Where servers listen, told from the words that start them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import msgspec

from stigmer_lint.knowledge.tables import rows


class Server(msgspec.Struct, frozen=True):
    """A server program. `flags` take the address that it listens on; `default`: where it listens without, None where that is every
    interface or not certain; `env`: variables that say it as well; `positional`: the address is an argument of its own."""

    words: tuple[str, ...]
    flags: tuple[str, ...]
    default: str | None
    env: tuple[str, ...]
    positional: bool


class Bound(msgspec.Struct, frozen=True):
    """What a command line makes a server listen on. `at`: index of the word that says it, or of the program where none does; `address`
    None: its default applies; `flag`: what takes the address."""

    server: Server
    at: int
    address: str | None
    flag: str | None


def _listed(column: str) -> tuple[str, ...]:
    return () if column == "-" else tuple(column.split(","))


@cache
def servers() -> dict[str, tuple[Server, ...]]:
    """The servers by the last part of their program's path."""
    found: dict[str, list[Server]] = {}
    for words, flags, default, env, positional, _ in rows("servers", 6):
        server = Server(tuple(words.split()), _listed(flags), None if default == "-" else default, _listed(env), positional == "address")
        found.setdefault(server.words[0], []).append(server)
    return {name: tuple(some) for name, some in found.items()}


_CONFIGURED = ("-c", "--config", "--config-file", "--uds", "--fd", "--unix-socket")
"""Flags after which something else says where the server listens."""
_ENDS = frozenset({"&&", "||", ";", "|", "&"})


def bound_by(words: Sequence[str]) -> Bound | None:
    """The first server in a command line with what it says about the address. One word may hold a whole script."""
    flat = [(index, piece) for index, word in enumerate(words) for piece in (word.replace(";", " ; ").split() if " " in word else [word])]
    for at, (index, piece) in enumerate(flat):
        for server in servers().get(piece.rpartition("/")[2].lower(), ()):
            if [word.lower() for _, word in flat[at + 1 : at + len(server.words)]] == list(server.words[1:]):
                return _arguments(server, flat, at + len(server.words), index)
    return None


def _arguments(server: Server, flat: Sequence[tuple[int, str]], start: int, program: int) -> Bound:
    configured = False
    for at in range(start, len(flat)):
        index, piece = flat[at]
        if piece in _ENDS:
            break
        flag, equals, given = piece.strip("\"'").partition("=")
        if flag in server.flags:
            if equals:
                return Bound(server, index, given.strip("\"'"), flag)
            if at + 1 < len(flat) and not flat[at + 1][1].startswith("-"):
                return Bound(server, flat[at + 1][0], flat[at + 1][1].strip("\"'"), flag)
            # `vite --host` alone means every interface.
            return Bound(server, index, "0.0.0.0", flag)  # noqa: S104 - said, not bound
        if server.positional and not piece.startswith("-") and (piece.isdigit() or ":" in piece):
            # `runserver 8000` keeps the default host.
            return Bound(server, index, None if piece.isdigit() else piece, None)
        configured = configured or flag in _CONFIGURED
    return Bound(server, program, "" if configured else None, server.flags[0] if server.flags else None)


FORWARDERS = frozenset({"SOCAT"})
"""Programs that are put into an image to pass ports of its own loopback on to others."""
_FRONTS = FORWARDERS | {"NGINX", "CADDY", "HAPROXY", "TRAEFIK", "APACHE2", "HTTPD", "ENVOY", "SUPERVISOR", "VARNISH", "LIGHTTPD"}


def is_fronted(installs: frozenset[str], base: str | None) -> bool:
    """Whether an image has a program that stands before another server in one container, by what it installs or starts from."""
    return bool(installs & _FRONTS) or (base or "").rpartition("/")[2].partition(":")[0].upper() in _FRONTS
