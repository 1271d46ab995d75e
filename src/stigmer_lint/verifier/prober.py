"""The part that runs inside: one file, the standard library alone, any Python from 3.7 on (so annotations are never evaluated).

It is started as a program in the network namespace of a container: by setns(2) on the engine's own kernel, in a helper container that
shares the namespace, or by `exec` in the container itself. A JSON document comes in on standard input, one goes out on standard output.
In: {"pid": process whose namespace to enter or null, "connect": seconds, "read": seconds, "environ": bool, "requests": [...]}; a request
has id, host, port, protocol, tls, path, service, proxy. Out: the namespace's listeners, hosts and resolver as the kernel and the files
say it, and for each request what happened, step by step. Nothing is judged here.

It resolves names by itself: the C library would read the caller's files instead of the container's, and hides how an answer came about.
"""

from __future__ import annotations

import json
import os
import socket
import struct
import sys
import threading
import time

# As type checkers know it; importing typing would take as long as half of a probe.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Record = dict[str, Any]

BODY_LIMIT = 262144
CA_FILES = (
    "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem", "/etc/ssl/ca-bundle.pem",
)  # fmt: skip


class Net:
    """What the container's files say about names, and the limits of this run."""

    def __init__(self, hosts: str, resolv: str, ca: bytes | None, connect: float, read: float) -> None:
        self.hosts: list[tuple[str, list[str]]] = []
        for line in hosts.splitlines():
            words = line.partition("#")[0].split()
            if len(words) > 1:
                self.hosts.append((words[0], [word.lower().rstrip(".") for word in words[1:]]))
        self.servers: list[str] = []
        self.search: list[str] = []
        self.ndots = 1
        for line in resolv.splitlines():
            words = line.split()
            if len(words) > 1 and words[0] == "nameserver":
                self.servers.append(words[1])
            elif len(words) > 1 and words[0] in ("search", "domain"):
                self.search = words[1:]
            elif words and words[0] == "options":
                for word in words[1:]:
                    if word.startswith("ndots:") and word[6:].isdigit():
                        self.ndots = int(word[6:])
        self.ca = ca
        self.connect = connect
        self.read = read


def is_ip(text: str) -> bool:
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, text.partition("%")[0])
        except OSError:
            continue
        return True
    return False


def resolve(net: Net, host: str) -> Record:
    """The addresses of a name in the order in which a client tries them, and where they came from."""
    began = time.monotonic()
    name = host.lower().rstrip(".")
    if is_ip(name):
        return {"source": "literal", "addresses": [name], "error": None, "server": None, "seconds": 0.0}
    found = [address for address, names in net.hosts if name in names and is_ip(address)]
    if found:
        # RFC 6724 puts ::1 first where the namespace has it; without IPv6 the C library puts 127.0.0.1 first.
        six = has_ipv6()
        found = list(dict.fromkeys(found))
        found.sort(key=lambda address: (":" in address) != six)
        return {"source": "hosts", "addresses": found, "error": None, "server": None, "seconds": time.monotonic() - began}
    if name == "localhost" or name.endswith(".localhost"):
        return {"source": "builtin", "addresses": ["127.0.0.1"], "error": None, "server": None, "seconds": 0.0}
    if not net.servers:
        return {"source": "dns", "addresses": [], "error": "no-server", "server": None, "seconds": time.monotonic() - began}
    candidates = [f"{name}.{domain}" for domain in net.search[:6] if domain != "."]
    candidates = [name, *candidates] if name.count(".") >= net.ndots else [*candidates, name]
    error, server = "nxdomain", net.servers[0]
    for candidate in candidates:
        addresses, why, server = query(net, candidate)
        if addresses:
            return {"source": "dns", "addresses": addresses, "error": None, "server": server, "seconds": time.monotonic() - began}
        if why not in ("nxdomain", "nodata"):
            error = why
            break
        error = why if candidate == name else error
    return {"source": "dns", "addresses": [], "error": error, "server": server, "seconds": time.monotonic() - began}


def has_ipv6() -> bool:
    try:
        with open("/proc/net/if_inet6", encoding="ascii") as stream:
            return any(line.startswith("00000000000000000000000000000001") for line in stream)
    except OSError:
        return False


def query(net: Net, name: str) -> tuple[list[str], str, str]:
    """(addresses, why there are none, server) from the first server that answers."""
    why, server = "timeout", net.servers[0]
    for server in net.servers[:3]:
        addresses: list[str] = []
        why = "nodata"
        for kind in (1, 28):
            answer, problem = ask(server, name, kind, net.connect)
            if problem == "nodata":
                continue
            if problem is not None:
                why = problem
                break
            addresses += answer
        if addresses:
            return addresses, "", server
        if why in ("nxdomain", "nodata"):
            return [], why, server
    return [], why, server


def ask(server: str, name: str, kind: int, timeout: float) -> tuple[list[str], str | None]:
    """One question over UDP (RFC 1035), sent twice."""
    try:
        labels = b"".join(bytes([len(part)]) + part for part in name.encode("idna").split(b".")) + b"\0"
    except (UnicodeError, ValueError):
        return [], "nxdomain"
    number = struct.unpack("!H", os.urandom(2))[0]
    packet = struct.pack("!HHHHHH", number, 0x0100, 1, 0, 0, 0) + labels + struct.pack("!HH", kind, 1)
    family = socket.AF_INET6 if ":" in server else socket.AF_INET
    ends = time.monotonic() + timeout
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as channel:
            channel.connect((server, 53))
            for attempt in (1, 2):
                channel.send(packet)
                channel.settimeout(max(0.05, (ends - time.monotonic()) / (3 - attempt)))
                try:
                    while True:
                        answer = channel.recv(4096)
                        if len(answer) >= 12 and answer[:2] == packet[:2]:
                            return read_answer(answer, kind)
                except socket.timeout:
                    continue
    except OSError as error:
        return [], "refused" if error.errno == 111 else f"unreachable:{error.errno or 0}"
    return [], "timeout"


def read_answer(data: bytes, kind: int) -> tuple[list[str], str | None]:
    code = data[3] & 15
    if code == 3:
        return [], "nxdomain"
    if code != 0:
        return [], "servfail" if code == 2 else f"rcode{code}"
    questions, answers = struct.unpack("!HH", data[4:8])
    at = 12
    try:
        for _ in range(questions):
            at = past_name(data, at) + 4
        found = []
        for _ in range(answers):
            at = past_name(data, at)
            record, _, _, size = struct.unpack("!HHIH", data[at : at + 10])
            at += 10
            if record == kind:
                found.append(socket.inet_ntop(socket.AF_INET if kind == 1 else socket.AF_INET6, data[at : at + size]))
            at += size
    except (IndexError, struct.error, ValueError, OSError):
        return [], "garbled"
    return found, None if found else "nodata"


def past_name(data: bytes, at: int) -> int:
    while data[at]:
        if data[at] & 0xC0:
            return at + 2
        at += data[at] + 1
    return at + 1


def connect(address: str, port: int, timeout: float) -> tuple[socket.socket | None, Record]:
    began = time.monotonic()
    record: Record = {"address": address, "ok": False, "errno": None, "error": None, "seconds": 0.0}
    channel = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
    channel.settimeout(timeout)
    try:
        channel.connect((address, port))
        record["ok"] = True
    except socket.timeout:
        record["error"] = "timed out"
    except OSError as error:
        record["errno"] = error.errno
        record["error"] = error.strerror or str(error)
    record["seconds"] = time.monotonic() - began
    if not record["ok"]:
        channel.close()
        return None, record
    return channel, record


def reach(net: Net, host: str, port: int) -> tuple[socket.socket | None, Record]:
    """Name and TCP: the open connection, and what happened until there."""
    record: Record = {"resolve": resolve(net, host), "connects": []}
    for address in record["resolve"]["addresses"][:4]:
        channel, attempt = connect(address, port, net.connect)
        record["connects"].append(attempt)
        if channel is not None:
            return channel, record
    return None, record


class Wire:
    """A connection that remembers how reading ended."""

    def __init__(self, channel: Any, timeout: float) -> None:
        self.channel = channel
        self.ends = time.monotonic() + timeout
        self.data = b""
        self.end: str | None = None

    def send(self, data: bytes) -> None:
        try:
            self.channel.settimeout(max(0.05, self.ends - time.monotonic()))
            self.channel.sendall(data)
        except OSError as error:
            self.end = how(error)

    def more(self) -> bool:
        """Read what comes next; False at the end, which `end` names: eof, reset, timeout or an error's text."""
        if self.end is not None and self.end != "reset":
            return False
        left = self.ends - time.monotonic()
        if left <= 0:
            self.end = "timeout"
            return False
        try:
            self.channel.settimeout(left)
            piece = self.channel.recv(65536)
        except OSError as error:
            self.end = how(error)
            return False
        if not piece:
            self.end = "eof"
            return False
        self.data += piece
        return True

    def until(self, size: int) -> bool:
        while len(self.data) < size:
            if not self.more():
                return False
        return True

    def take(self, size: int) -> bytes:
        piece, self.data = self.data[:size], self.data[size:]
        return piece


def how(error: OSError) -> str:
    if isinstance(error, socket.timeout) or "timed out" in str(error):
        return "timeout"
    if error.errno in (104, 32, 10054, 54):
        return "reset"
    return error.strerror or str(error)


def speak(channel: Any, request: Record, net: Net) -> Record:
    """Bytes of the protocol on an open connection."""
    began = time.monotonic()
    wire = Wire(channel, net.read)
    protocol = request.get("protocol") or "tcp"
    talk = {"http": http, "grpc": grpc, "redis": redis, "postgres": postgres, "mysql": mysql, "amqp": amqp}.get(protocol, listen)
    record: Record = {"protocol": protocol, "ok": False}
    record.update(talk(wire, request))
    record.setdefault("error", None if record["ok"] else wire.end)
    record["seconds"] = time.monotonic() - began
    return record


def first(data: bytes) -> str:
    return data[:48].hex()


def listen(wire: Wire, request: Record) -> Record:
    # Servers that are behind a proxy which accepts for them are hung up on at once; most others wait for the client to speak.
    wire.ends = min(wire.ends, time.monotonic() + 0.3)
    wire.more()
    if wire.data:
        return {"ok": True, "first": first(wire.data), "detail": "the server speaks first"}
    return {"ok": wire.end == "timeout", "detail": "accepted" if wire.end == "timeout" else None}


def http(wire: Wire, request: Record) -> Record:
    target = request.get("target") or request.get("path") or "/"
    name = request["host"]
    name = f"[{name}]" if ":" in name else name
    default = 443 if request.get("tls") else 80
    host = request.get("host_header") or (name if request["port"] == default else f"{name}:{request['port']}")
    method = request.get("method") or "GET"
    wire.send(f"{method} {target} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: stigmer-lint-verify\r\nAccept: */*\r\nConnection: close\r\n\r\n".encode("utf-8", "replace"))
    while b"\r\n\r\n" not in wire.data and len(wire.data) < BODY_LIMIT:
        if wire.data and not b"HTTP/".startswith(wire.data[:5]):
            break
        if not wire.more():
            break
    head, _, body = wire.data.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    words = lines[0].split(" ", 2)
    if not lines[0].startswith("HTTP/") or len(words) < 2 or not words[1].isdigit():
        return {"first": first(wire.data), "error": wire.end if not wire.data else "not-http"}
    headers: Record = {}
    for line in lines[1:]:
        key, _, value = line.partition(":")
        headers[key.strip().lower()] = value.strip()[:300]
    if method == "CONNECT":
        return {"ok": True, "status": int(words[1]), "reason": words[2] if len(words) > 2 else "", "headers": {}, "body": ""}
    wire.data = body
    length = headers.get("content-length", "")
    chunked = "chunked" in headers.get("transfer-encoding", "").lower()
    while len(wire.data) < BODY_LIMIT and not (length.isdigit() and len(wire.data) >= int(length)) and not (chunked and wire.data.endswith(b"0\r\n\r\n")):
        if not wire.more():
            break
    body = unchunk(wire.data) if chunked else wire.data
    kept = {key: headers[key] for key in ("server", "via", "proxy-agent", "x-squid-error", "location", "content-type", "www-authenticate", "proxy-authenticate") if key in headers}
    return {"ok": True, "status": int(words[1]), "reason": words[2] if len(words) > 2 else "", "headers": kept, "body": body[:BODY_LIMIT].decode("utf-8", "replace")}


def unchunk(data: bytes) -> bytes:
    out: list[bytes] = []
    at = 0
    while True:
        line = data.find(b"\r\n", at)
        if line < 0:
            break
        try:
            size = int(data[at:line].partition(b";")[0], 16)
        except ValueError:
            break
        if size == 0:
            break
        out.append(data[line + 2 : line + 2 + size])
        at = line + 4 + size
    return b"".join(out)


def redis(wire: Wire, request: Record) -> Record:
    wire.send(b"PING\r\n")
    while b"\n" not in wire.data and wire.more():
        pass
    line = wire.data.partition(b"\r\n")[0]
    good = line.startswith((b"+PONG", b"-NOAUTH", b"-NOPERM", b"-LOADING", b"-DENIED", b"-MISCONF", b"-MASTERDOWN"))
    return {"ok": good, "detail": line[:80].decode("latin-1"), "first": first(wire.data), "error": None if good else "not-redis" if wire.data else wire.end}


def postgres(wire: Wire, request: Record) -> Record:
    # SSLRequest: answered with one byte before anything else is asked (PostgreSQL manual, "Message Flow", SSL Session Encryption).
    wire.send(struct.pack("!II", 8, 80877103))
    wire.until(1)
    good = wire.data[:1] in (b"S", b"N") and len(wire.data) == 1
    detail = {b"S": "TLS offered", b"N": "no TLS"}.get(wire.data[:1]) if good else None
    return {"ok": good, "detail": detail, "first": first(wire.data), "error": None if good else "not-postgres" if wire.data else wire.end}


def mysql(wire: Wire, request: Record) -> Record:
    # The server greets: three bytes of length, a sequence number, then protocol version 10, or 0xff and an error such as 1130.
    wire.until(5)
    good = len(wire.data) > 4 and wire.data[3] == 0 and wire.data[4] in (10, 255)
    detail = None
    if good and wire.data[4] == 10:
        detail = wire.data[5:].partition(b"\0")[0][:40].decode("latin-1")
    return {"ok": good, "detail": detail, "first": first(wire.data), "error": None if good else "not-mysql" if wire.data else wire.end}


def amqp(wire: Wire, request: Record) -> Record:
    wire.send(b"AMQP\x00\x00\x09\x01")
    wire.until(8)
    good = wire.data[:3] == b"\x01\x00\x00" or wire.data[:4] == b"AMQP"
    return {"ok": good, "first": first(wire.data), "error": None if good else "not-amqp" if wire.data else wire.end}


def grpc(wire: Wire, request: Record) -> Record:
    """HTTP/2 preface (RFC 9113) and grpc.health.v1.Health/Check."""
    host = f"{request['host']}:{request['port']}"
    pairs = (
        (":method", "POST"), (":scheme", "https" if request.get("tls") else "http"), (":path", "/grpc.health.v1.Health/Check"), (":authority", host),
        ("te", "trailers"), ("content-type", "application/grpc"), ("user-agent", "stigmer-lint-verify"), ("grpc-timeout", "3S"),
    )  # fmt: skip
    block = b"".join(b"\x00" + text_field(name) + text_field(value) for name, value in pairs)
    service = (request.get("service") or "").encode()
    message = b"\x0a" + bytes([len(service)]) + service if service else b""
    body = b"\x00" + struct.pack("!I", len(message)) + message
    wire.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, b"") + frame(1, 4, 1, block) + frame(0, 1, 1, body))
    if not wire.until(9):
        return {"first": first(wire.data), "error": "not-http2" if wire.data else wire.end}
    if wire.data[3] != 4 or wire.data[:5] == b"HTTP/":
        return {"first": first(wire.data), "error": "not-http2"}
    record: Record = {"ok": True, "health": None, "grpc_status": None, "http_status": None}
    table: list[tuple[str, str]] = []
    blocks = b""
    while wire.until(9):
        head = wire.data[:9]
        size = int.from_bytes(head[:3], "big")
        if size > BODY_LIMIT or not wire.until(9 + size):
            break
        wire.take(9)
        payload, kind, flags, stream = wire.take(size), head[3], head[4], int.from_bytes(head[5:9], "big") & 0x7FFFFFFF
        if kind == 4 and not flags & 1:
            wire.send(frame(4, 1, 0, b""))
        elif kind == 6 and not flags & 1:
            wire.send(frame(6, 1, 0, payload))
        elif kind == 7:
            record["detail"] = "the server went away (GOAWAY)"
            break
        elif stream == 1 and kind == 3:
            record["detail"] = "the server reset the stream"
            break
        elif stream == 1 and kind == 0:
            data = payload[1 : size - payload[0]] if flags & 8 and payload else payload
            if len(data) > 5:
                record["health"] = health_of(data[5:])
            elif len(data) == 5:
                record["health"] = "UNKNOWN"
        elif stream == 1 and kind in (1, 9):
            if kind == 1:
                pad = payload[0] if flags & 8 and payload else 0
                start = (1 if flags & 8 else 0) + (5 if flags & 32 else 0)
                blocks = payload[start : len(payload) - pad]
            else:
                blocks += payload
            if flags & 4:
                for name, value in unpack(blocks, table):
                    if name == "grpc-status" and value.isdigit():
                        record["grpc_status"] = int(value)
                    elif name == ":status" and value.isdigit():
                        record["http_status"] = int(value)
        if stream == 1 and kind in (0, 1) and flags & 1:
            break
    record["error"] = None
    return record


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def text_field(text: str) -> bytes:
    data = text.encode()
    return (bytes([len(data)]) if len(data) < 127 else bytes([127, len(data) - 127])) + data


def health_of(message: bytes) -> str:
    # HealthCheckResponse: field 1, an enum.
    value = message[1] if len(message) > 1 and message[0] == 8 else 0
    return {1: "SERVING", 2: "NOT_SERVING", 3: "SERVICE_UNKNOWN"}.get(value, "UNKNOWN")


# RFC 7541: the rows of the static table and of the Huffman code that answers to this question can hold.
STATIC = {8: (":status", "200"), 9: (":status", "204"), 10: (":status", "206"), 11: (":status", "304"), 12: (":status", "400"), 13: (":status", "404"), 14: (":status", "500")}
HUFFMAN_5 = "012aceiost"
HUFFMAN_6 = " %-./3456789=A_bdfghlmnpru"
HUFFMAN_7 = ":BCDEFGHIJKLMNOPQRSTUVWYjkqvwxyz"


def unhuffman(data: bytes) -> str:
    bits = int.from_bytes(data, "big")
    left = len(data) * 8
    out: list[str] = []
    while left >= 5:
        for size, letters, base in ((5, HUFFMAN_5, 0), (6, HUFFMAN_6, 20), (7, HUFFMAN_7, 92)):
            if left < size:
                return "".join(out)
            code = (bits >> (left - size)) & ((1 << size) - 1)
            if code - base in range(len(letters)):
                out.append(letters[code - base])
                left -= size
                break
        else:
            return "".join(out)
    return "".join(out)


def unpack(block: bytes, table: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Header fields of a block; what is not needed here may come out garbled, never what is."""
    out: list[tuple[str, str]] = []
    at = 0

    def number(bits: int) -> int:
        nonlocal at
        value = block[at] & ((1 << bits) - 1)
        at += 1
        if value == (1 << bits) - 1:
            shift = 0
            while True:
                byte = block[at]
                at += 1
                value += (byte & 127) << shift
                shift += 7
                if not byte & 128 or shift > 28:
                    break
        return value

    def text() -> str:
        nonlocal at
        huffman = block[at] & 128
        size = number(7)
        data = block[at : at + size]
        at += size
        return unhuffman(data) if huffman else data.decode("latin-1")

    def entry(index: int) -> tuple[str, str]:
        if index > 61:
            return table[index - 62] if index - 62 < len(table) else ("?", "?")
        return STATIC.get(index, ("?", "?"))

    try:
        while at < len(block):
            byte = block[at]
            if byte & 128:
                out.append(entry(number(7)))
            elif byte & 64 or not byte & 32:
                keep = bool(byte & 64)
                index = number(6 if keep else 4)
                name = entry(index)[0] if index else text()
                field = (name, text())
                if keep:
                    table.insert(0, field)
                out.append(field)
            else:
                number(5)
    except IndexError:
        return out
    return out


def secure(channel: Any, request: Record, net: Net, verify: bool) -> tuple[Any, Record]:
    """A TLS handshake on an open connection; with `verify`, by the container's own certificates."""
    began = time.monotonic()
    record: Record = {"ok": False, "version": None, "error": None, "untrusted": None, "verified": verify}
    try:
        import ssl
    except ImportError:
        record["error"] = "no-ssl"
        return None, record
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = verify
    if verify:
        context.verify_mode = ssl.CERT_REQUIRED
        try:
            context.load_verify_locations(cadata=(net.ca or b"").decode("ascii", "replace"))
        except (ssl.SSLError, ValueError):
            # An empty store trusts nothing, which is what a client without certificates does.
            pass
    else:
        context.verify_mode = ssl.CERT_NONE
    if request.get("protocol") == "grpc":
        context.set_alpn_protocols(["h2"])
    channel.settimeout(net.connect)
    wrapped = None
    try:
        wrapped = context.wrap_socket(channel, server_hostname=request["host"])
        record["ok"] = True
        record["version"] = wrapped.version()
    except ssl.SSLCertVerificationError as error:
        record["untrusted"] = error.verify_message or str(error)
        record["error"] = "untrusted"
    except ssl.SSLError as error:
        record["error"] = error.reason or str(error)
    except OSError as error:
        record["error"] = how(error)
    record["seconds"] = time.monotonic() - began
    return wrapped, record


def attempt(net: Net, request: Record, tls: bool, verify: bool) -> Record:
    """Name, TCP, TLS where asked for, bytes."""
    channel, record = reach(net, request["host"], request["port"])
    if channel is None:
        return record
    talk = channel
    try:
        if tls:
            talk, record["tls"] = secure(channel, request, net, verify)
            if talk is None:
                return record
        record["speak"] = speak(talk, request, net)
    finally:
        (talk or channel).close()
    return record


def probe(net: Net, request: Record) -> Record:
    """One request, and where it fails for want of the right protocol, what the other side speaks instead."""
    began = time.monotonic()
    tls = bool(request.get("tls"))
    record = attempt(net, request, tls, True)
    failed = not (record.get("speak") or {}).get("ok")
    if tls and (record.get("tls") or {}).get("error") == "untrusted":
        again = attempt(net, request, True, False)
        record["speak"] = again.get("speak")
    elif tls and failed and record.get("tls") and not record["tls"]["ok"]:
        plain = attempt(net, dict(request, tls=False), False, False)
        record["other"] = {"kind": "plain", "speak": plain.get("speak")}
    elif not tls and failed and (record.get("speak") or {}).get("error") not in (None, "timeout"):
        encrypted = attempt(net, request, True, False)
        record["other"] = {"kind": "tls", "tls": encrypted.get("tls"), "speak": encrypted.get("speak")}
    if not tls and failed and request.get("protocol") in ("grpc", "redis", "postgres", "mysql", "amqp") and record.get("speak"):
        # A server that waits for the end of a request line stays silent on the bytes of another protocol.
        plain = attempt(net, dict(request, protocol="http"), False, False)
        record["as_http"] = plain.get("speak")
    proxy = request.get("proxy")
    if proxy:
        via = dict(request, host=proxy["host"], port=proxy["port"], tls=False, protocol="http", target=proxy["target"], host_header=proxy["host_header"], method=proxy["method"])
        record["proxied"] = attempt(net, via, False, False)
    record["id"] = request["id"]
    record["seconds"] = time.monotonic() - began
    return record


def text_of(path: str, limit: int = 262144) -> str:
    try:
        with open(path, "rb") as stream:
            return stream.read(limit).decode("utf-8", "replace")
    except OSError:
        return ""


def enter(pid: int) -> None:
    """Join the network namespace of a process (setns(2)); needs CAP_SYS_ADMIN."""
    handle = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
    try:
        if hasattr(os, "setns"):
            os.setns(handle, 0x40000000)
            return
        import ctypes

        library = ctypes.CDLL(None, use_errno=True)
        if library.setns(handle, 0x40000000) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
    finally:
        os.close(handle)


def environments() -> list[Record]:
    """The environment of every process in sight whose environment may be read."""
    found = []
    for name in sorted((entry for entry in os.listdir("/proc") if entry.isdigit()), key=int):
        if int(name) == os.getpid():
            continue
        data = text_of(f"/proc/{name}/environ")
        if data:
            found.append({"pid": int(name), "name": text_of(f"/proc/{name}/comm").strip(), "environ": data})
    return found


def run(order: Record) -> Record:
    root = f"/proc/{order['pid']}/root" if order.get("pid") else ""
    # Relative to the process's root, a link that leads to an absolute path would lead out of it.
    ca = b""
    for path in [*order.get("ca_files", []), *CA_FILES]:
        if not os.path.islink(root + path) or not root:
            ca = text_of(root + path, 4 << 20).encode("ascii", "replace")
        if ca:
            break
    hosts = order.get("hosts") or text_of(root + "/etc/hosts")
    resolv = order.get("resolv") or text_of(root + "/etc/resolv.conf")
    net = Net(hosts, resolv, ca or None, float(order.get("connect", 4.5)), float(order.get("read", 3.0)))
    if order.get("pid"):
        enter(int(order["pid"]))
    out: Record = {
        "hosts": hosts, "resolv": resolv, "ca": bool(ca), "tcp": text_of("/proc/net/tcp", 1 << 20), "tcp6": text_of("/proc/net/tcp6", 1 << 20), "ipv6": has_ipv6(),
        "results": [], "processes": environments() if order.get("environ") else [],
    }  # fmt: skip
    requests = order.get("requests", [])
    results: list[Record] = [{} for _ in requests]

    def one(index: int) -> None:
        try:
            results[index] = probe(net, requests[index])
        except Exception as error:  # noqa: BLE001 - one probe's fault is told as its result; the others are still made
            results[index] = {"id": requests[index].get("id"), "fault": f"{type(error).__name__}: {error}"}

    threads = [threading.Thread(target=one, args=(index,), daemon=True) for index in range(len(requests))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    out["results"] = results
    return out


def main() -> int:
    try:
        order = json.loads(sys.stdin.buffer.read().decode("utf-8"))
        answer = run(order)
    except OSError as error:
        answer = {"fault": f"{error.strerror or error}", "errno": error.errno}
    sys.stdout.write(json.dumps(answer))
    sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
