"""Network addresses in texts: URLs, DSNs, `host:port` lists, with the place of every host in them.

Scanning is by hand, one pass and no regular expression: the texts come from checked trees and may be built to be slow.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Literal, TypeAlias

import msgspec

from stigmer_lint.knowledge.likeness import distance
from stigmer_lint.knowledge.tables import rows
from stigmer_lint.model.span import Span
from stigmer_lint.model.value import Known, Resolved, Template, Value, alternatives

AddressKind: TypeAlias = Literal["loopback", "wildcard", "host-alias", "gateway-ip", "misspelt-alias", "name", "ip", "unknown"]
"""loopback: localhost, 127/8, ::1. wildcard: 0.0.0.0 and ::, which as a destination mean loopback as well. unknown: the host is a hole."""


class Address(msgspec.Struct, frozen=True):
    """One host in a text. `start` and `end` are character offsets of the host (brackets of IPv6 outside).

    `port` is None where none is written or it has holes; `alias`: the host alias that a misspelt one stands for, or the alias itself in
    lower case.
    """

    kind: AddressKind
    host: str
    start: int
    end: int
    port: str | None = None
    scheme: str | None = None
    alias: str | None = None

    @property
    def is_loopback(self) -> bool:
        """Whether dialling it means the dialling side's own network namespace."""
        return self.kind in ("loopback", "wildcard")


class Located(msgspec.Struct, frozen=True):
    """An address inside a value: in which of its alternatives, and where the host is written (None where that cannot be told)."""

    address: Address
    value: Value
    span: Span | None = None


@cache
def host_aliases() -> frozenset[str]:
    """Every known host alias, in lower case."""
    return frozenset(row[0] for row in rows("host_aliases", 6))


@cache
def gateway_ips() -> dict[str, tuple[tuple[str, ...], bool]]:
    """Gateway address -> the engine kinds that use it, and whether it reaches services bound to 127.0.0.1."""
    return {row[0]: (tuple(row[1].split(",")), row[2] == "yes") for row in rows("gateway_ips", 5)}


_HOLE = "\ue000"
"""Stands for a piece that is not known while a template is scanned; a private-use character, so no text has it by accident."""
_LOOPBACK_NAMES = frozenset({"localhost", "ip6-localhost", "ip6-loopback", "localhost.localdomain", "localhost4", "localhost6"})
_ANSWERS = frozenset({"true", "false", "yes", "no", "null", "none"})
"""What switches are set to, and no host is called: PREFER_IP_ADDRESS=true."""
_NO_HOST_SCHEMES = frozenset({"unix", "file", "npipe", "fd", "sqlite", "sqlite3", "data", "unixgram", "vsock", "ipc", "mem", "memory", "null", "s3", "gs", "git"})
_AUTHORITY_END = frozenset("/?#\\\"'`<>{}|; \t\r\n\f\v")
_LIST_SEPARATORS = frozenset(",;| \t\r\n")
_HOST_KEYS = frozenset({
    "host", "hostaddr", "hostname", "server", "servername", "addr", "address", "data source", "datasource", "network address", "endpoint", "endpoints",
    "bootstrap.servers", "brokers", "url", "uri", "hosts", "servers", "contact points", "accountendpoint", "replicaset hosts",
})
_HOST_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789.-_" + _HOLE)
MAX_TEXT = 4096
"""Longer values are programs or documents, not addresses; only this much of them is looked at."""
MAX_ADDRESSES = 64


def classify_address(text: str) -> Address | None:
    """The first address in a text, None where there is none."""
    found = addresses(text)
    return found[0] if found else None


@lru_cache(maxsize=16384)
def addresses(text: str) -> tuple[Address, ...]:
    """Every address in a text, in order: all members of comma, semicolon and space lists, hosts in URLs, JDBC URLs, `host=` settings,
    Go DSNs (`tcp(127.0.0.1:3306)/db`), `[::1]:80`."""
    text = text[:MAX_TEXT]
    found: list[Address] = []
    if "://" in text:
        _scan_urls(text, found)
    elif "jdbc:" in text and "@" in text:
        # Oracle's thin form: jdbc:oracle:thin:@host:1521:sid, or @//host:1521/service.
        at = text.index("@") + 1
        while text[at : at + 1] == "/":
            at += 1
        end = _until(text, at, _AUTHORITY_END)
        _host_port(text, at, end, "oracle", found)
    else:
        _scan_plain(text, 0, len(text), found)
    return tuple(found[:MAX_ADDRESSES])


def addresses_of(value: Value) -> tuple[Located, ...]:
    """The addresses of everything that a value may be. Holes stay holes: `http://localhost:{port}` is loopback,
    `http://{host}:80` is of kind "unknown". What a resolver has changed is looked at only where its result is known."""
    found: list[Located] = []
    for option in alternatives(value):
        if isinstance(option, Resolved):
            if option.result is not None:
                found.extend(addresses_of(option.result))
            continue
        if isinstance(option, Known):
            found.extend(Located(address, option, _place((option,), address)) for address in addresses(option.text))
        elif isinstance(option, Template):
            text = "".join(part.text.replace(_HOLE, "?") if isinstance(part, Known) else _HOLE for part in option.parts)
            found.extend(Located(address, option, _place(option.parts, address)) for address in addresses(text))
        if len(found) >= MAX_ADDRESSES:
            break
    return tuple(found[:MAX_ADDRESSES])


def _place(parts: tuple[Value, ...], address: Address) -> Span | None:
    """Where the host's characters are written, if one literal piece holds them all and its span counts its bytes."""
    at = 0
    for part in parts:
        size = len(part.text) if isinstance(part, Known) else 1
        if at <= address.start and address.end <= at + size:
            if not isinstance(part, Known) or part.span is None:
                return None
            excess = part.span.end - part.span.start - len(part.text.encode("utf-8", "surrogatepass"))
            if excess not in (0, 2):
                return None
            start = part.span.start + excess // 2 + len(part.text[: address.start - at].encode("utf-8", "surrogatepass"))
            return Span(part.span.path, start, start + len(address.host.encode("utf-8", "surrogatepass")))
        at += size
    return None


def _until(text: str, at: int, stops: frozenset[str]) -> int:
    while at < len(text) and text[at] not in stops:
        at += 1
    return at


def _scheme_start(text: str, at: int) -> int:
    """Where the scheme that ends before `at` begins."""
    start = at
    while start > 0 and ((text[start - 1].isalnum() and text[start - 1].isascii()) or text[start - 1] in "+.-_"):
        start -= 1
    return start


def _scan_urls(text: str, found: list[Address]) -> None:
    marks: list[tuple[int, int]] = []
    at = text.find("://")
    while at >= 0:
        marks.append((_scheme_start(text, at), at))
        at = text.find("://", at + 3)
    _scan_plain(text, 0, _front(text, marks[0][0]), found)
    inside_query = False
    for index, (start, at) in enumerate(marks):
        limit = marks[index + 1][0] if index + 1 < len(marks) else len(text)
        scheme = text[start:at].lower() or None
        if index + 1 < len(marks) and marks[index + 1][0] == at + 3:
            # `postgres://vault://user`: what stands where the host would is a reference that something fills in.
            break
        if inside_query and (start == 0 or text[start - 1] not in ",; \t\r\n|"):
            # A URL in another's query is a parameter (where to go afterwards), not what is dialled.
            inside_query = "?" in text[at:limit] or inside_query
            continue
        begin = at + 3
        end = min(_until(text, begin, _AUTHORITY_END), limit)
        end = _past_odd_password(text, begin, end, limit)
        if scheme is None or scheme not in _NO_HOST_SCHEMES:
            _authority(text, begin, end, scheme, found)
        tail = text[end:limit]
        inside_query = "?" in tail
        _parameters(text, end, limit, scheme, found)


def _front(text: str, end: int) -> int:
    """The part in front of the first URL that may hold list members: up to the last separator."""
    while end > 0 and text[end - 1] not in ",; \t\r\n":
        end -= 1
    return end


def _past_odd_password(text: str, begin: int, end: int, limit: int) -> int:
    """A password may hold `/`, `?` or `#` although it should not; then what looks like a port is no number and an `@` follows."""
    if "@" in text[begin:end] or ":" not in text[begin:end]:
        return end
    port = text[begin:end].rpartition(":")[2]
    if port.isdigit() or not port or _HOLE in port or text[begin : begin + 1] == "[":
        return end
    stop = min(_until(text, end, frozenset(" \t\r\n,;\"'")), limit)
    at = text.rfind("@", end, stop)
    return min(_until(text, at + 1, _AUTHORITY_END), limit) if at >= 0 else end


def _authority(text: str, begin: int, end: int, scheme: str | None, found: list[Address]) -> None:
    at = text.rfind("@", begin, end)
    begin = at + 1 if at >= 0 else begin
    if text[begin:end].endswith(")") or "(" in text[begin:end]:
        _dsn(text, begin, end, scheme, found)
        return
    while begin < end:
        comma = text.find(",", begin, end)
        stop = comma if comma >= 0 else end
        _host_port(text, begin, stop, scheme, found)
        begin = stop + 1


def _dsn(text: str, begin: int, end: int, scheme: str | None, found: list[Address]) -> bool:
    """`tcp(127.0.0.1:3306)`; whether there was one."""
    opened = text.find("(", begin, end)
    closed = text.find(")", opened, end) if opened >= 0 else -1
    if closed < 0:
        return False
    network = text[:opened].rpartition("@")[2].lower().strip()
    if network.startswith("unix"):
        return True
    if network.startswith(("tcp", "udp", "cloudsql", "")):
        _host_port(text, opened + 1, closed, scheme, found)
    return True


def _parameters(text: str, begin: int, end: int, scheme: str | None, found: list[Address]) -> None:
    """Hosts in what follows a URL's authority: `?host=localhost` of PostgreSQL, further members of a list."""
    at = begin
    in_query = False
    while at < end:
        char = text[at]
        if char in "?;&":
            in_query = True
            stop = at + 1
            while stop < end and text[stop] not in "&; \t\r\n,":
                stop += 1
            equals = text.find("=", at + 1, stop)
            if equals >= 0 and text[at + 1 : equals].lower() in _HOST_KEYS and text[at + 1 : equals].lower() not in ("url", "uri"):
                _host_port(text, equals + 1, stop, scheme, found)
            at = stop
            continue
        if char in ", \t\r\n" and not in_query:
            stop = at + 1
            while stop < end and text[stop] not in _LIST_SEPARATORS:
                stop += 1
            member = text[at + 1 : stop]
            if member and ("=" not in member):
                _host_port(text, at + 1, stop, None, found, strict=True)
            at = stop
            continue
        at += 1


def _scan_plain(text: str, begin: int, end: int, found: list[Address]) -> None:
    """Text without a scheme: `host:port` lists, `key=value` settings, Go DSNs."""
    if begin >= end:
        return
    opened = text.find("(", begin, end)
    if opened >= 0 and text.find(")", opened, end) > 0 and _network_word(text[begin:opened]):
        _dsn(text, begin, end, None, found)
        return
    settings = text.count("=", begin, end)
    semicolons = ";" in text[begin:end] and settings > 0
    port: str | None = None
    first = len(found)
    at = begin
    while at < end and len(found) < MAX_ADDRESSES:
        stop = at
        while stop < end and text[stop] not in ";" if semicolons else stop < end and text[stop] not in _LIST_SEPARATORS:
            stop += 1
        token = text[at:stop]
        equals = token.find("=")
        if equals < 0:
            _host_port(text, at, stop, None, found)
        else:
            key = token[:equals].strip().strip("-").lower()
            value_at = at + equals + 1
            if key == "port":
                port = text[value_at:stop].strip() or None
            elif key in _HOST_KEYS:
                comma = value_at
                while comma < stop:
                    ends = text.find(",", comma, stop)
                    ends = ends if ends >= 0 else stop
                    piece = text[comma:ends].strip()
                    if not (piece.isdigit() and comma > value_at):
                        _host_port(text, comma, ends, None, found)
                    comma = ends + 1
            else:
                _host_port(text, value_at, stop, None, found, strict=True)
        at = stop + 1
    if port is not None and port.isdigit():
        found[first:] = [one if one.port else msgspec.structs.replace(one, port=port) for one in found[first:]]


def _network_word(before: str) -> bool:
    word = before.rpartition("@")[2].strip().lower()
    return word in ("tcp", "tcp4", "tcp6", "udp", "unix", "") and ("@" in before or word != "")


def _host_port(text: str, begin: int, end: int, scheme: str | None, found: list[Address], strict: bool = False) -> None:
    """One `[user@]host[:port][/path]` between two offsets. `strict`: only a host that cannot be another kind of word counts."""
    while begin < end and text[begin] in " \t\"'":
        begin += 1
    while end > begin and text[end - 1] in " \t\"'":
        end -= 1
    if text[begin : begin + 4].lower() in ("tcp:", "udp:"):
        begin += 4
    slash = text.find("/", begin, end)
    if slash >= 0:
        end = slash
    at = text.rfind("@", begin, end)
    if at >= 0:
        if scheme is None and begin < at and text.find(":", begin, end) < 0 and text.find(".", at, end) > 0:
            # An e-mail address.
            return
        begin = at + 1
    if begin >= end:
        return
    port: str | None = None
    if text[begin] == "[":
        closed = text.find("]", begin, end)
        if closed < 0:
            return
        start, stop = begin + 1, closed
        if text[closed + 1 : closed + 2] == ":":
            port = text[closed + 2 : end]
    else:
        colon = text.find(":", begin, end)
        if colon >= 0 and text.find(":", colon + 1, end) >= 0 and _is_ipv6(text[begin:end]):
            start, stop = begin, end
        elif colon >= 0:
            start, stop = begin, colon
            port = text[colon + 1 : end].partition(":")[0]
        else:
            start, stop = begin, end
    host = text[start:stop]
    kind = _kind(host)
    if kind is None or (strict and kind == "name" and not (port or "").isdigit()) or (strict and kind == "unknown"):
        return
    alias = host.lower().rstrip(".") if kind == "host-alias" else _intended(host) if kind == "misspelt-alias" else None
    shown = host.replace(_HOLE, "{}")
    found.append(Address(kind, shown if _HOLE in host else host, start, stop, port if port is not None and port.isdigit() else None, scheme, alias))


def _is_ipv6(text: str) -> bool:
    return all(char in "0123456789abcdefABCDEF:.%" for char in text)


def _kind(host: str) -> AddressKind | None:
    """What a host is; None for what cannot be a host."""
    name = host.lower().rstrip(".")
    if not name or name in _ANSWERS:
        return None
    if _HOLE in name:
        return "unknown"
    if name in host_aliases():
        return "host-alias"
    if name in _LOOPBACK_NAMES or (name.endswith(".localhost") and len(name) > 10 and not name.startswith(".")):
        return "loopback"
    if ":" in name:
        return _ipv6_kind(name)
    labels = name.split(".")
    if all(label.isascii() and label.isdigit() for label in labels):
        return _ipv4_kind(labels, name)
    if not set(name) <= _HOST_CHARACTERS or name[0] in ".-" or name[-1] == "-" or ".." in name:
        return "misspelt-alias" if ".." in name and _intended(name) else None
    return "misspelt-alias" if _intended(name) else "name"


def _ipv4_kind(labels: list[str], name: str) -> AddressKind | None:
    # 127.1 is a spelling of 127.0.0.1 that resolvers take; any other number of fewer than four parts is a version or a count.
    if labels[0] == "127" and 2 <= len(labels) <= 4 and all(len(label) <= 8 for label in labels):
        return "loopback" if len(labels) < 4 or all(int(label) <= 255 for label in labels) else None
    if len(labels) != 4 or any(len(label) > 3 or int(label) > 255 for label in labels):
        return None
    if name == "0.0.0.0":  # noqa: S104 - recognised, not bound
        return "wildcard"
    return "gateway-ip" if name in gateway_ips() else "ip"


def _ipv6_kind(name: str) -> AddressKind | None:
    from ipaddress import AddressValueError, IPv6Address

    try:
        address = IPv6Address(name)
    except AddressValueError:
        return None
    if address.is_unspecified:
        return "wildcard"
    mapped = address.ipv4_mapped
    if address.is_loopback or (mapped is not None and mapped.is_loopback):
        return "loopback"
    return "ip"


@cache
def _intended(host: str) -> str | None:
    """The alias that a misspelt one stands for: labels in another order, or a few letters wrong."""
    name = host.lower().rstrip(".")
    if "." not in name or not 12 <= len(name) <= 40:
        return None
    labels = name.split(".")
    best: tuple[int, str] | None = None
    for alias in sorted(host_aliases()):
        if name == alias:
            return None
        wanted = alias.split(".")
        if sorted(labels) == sorted(wanted):
            return alias
        if abs(len(name) - len(alias)) > 2:
            continue
        apart = distance(name, alias, 2)
        if apart > 2:
            continue
        if len(labels) == len(wanted) and any(distance(ours, theirs, 2) > (1 if len(theirs) < 6 else 2) for ours, theirs in zip(labels, wanted, strict=True)):
            # `test.docker.internal` is another name, not a slip.
            continue
        if best is None or apart < best[0]:
            best = (apart, alias)
    return best[1] if best else None
