"""Where the servers of a program's own code listen: `server.listen(port, "127.0.0.1")`, `HTTPServer((host, port), ...)`, `net.Listen("tcp", addr)`.

A program that starts containers and serves them itself (a credential proxy, a callback API) is its own host service."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from stigmer_lint.dialled import unknown_parts
from stigmer_lint.flow import library
from stigmer_lint.flow.evaluate import Evaluator
from stigmer_lint.flow.ir import Call, Name, Record
from stigmer_lint.flow.project import last_name
from stigmer_lint.flow.walk import Place, dotted
from stigmer_lint.model.launch import Platform
from stigmer_lint.model.span import Span
from stigmer_lint.model.value import Choice, Known, ListValue, MapValue, Template, Unknown, Value, alternatives, join
from stigmer_lint.model.world import Bind

SERVING = re.compile(
    rb"\.listen\(|\.Listen\(|ListenAndServe|http\.Server\{|HTTPServer\(|TCPServer\(|make_server\(|run_simple\(|uvicorn\.run\(|start_server\(|create_server\("
    rb"|TCPSite\(|run_app\(|\bserve\(\{|\.run\(.*host|\.bind\(\("
)
"""What a file holds that starts a server."""
NEAR = (
    b".listen(", b".Listen(", b"ListenAndServe", b"http.Server{", b"HTTPServer(", b"TCPServer(", b"make_server(", b"run_simple(", b"start_server(", b"create_server(",
    b"TCPSite(", b"run_app(", b"serve({", b".run(", b".bind((",
)
"""Texts of which each of them has one."""

_SOCKET_PAIR = ("HTTPServer", "ThreadingHTTPServer", "TCPServer", "ThreadingTCPServer", "bind")
_HOST_PORT = {"make_server": 0, "run_simple": 0, "start_server": 1, "create_server": 1, "TCPSite": 1}
_BY_KEYWORD = ("uvicorn.run", "web.run_app", "app.run", "application.run", "server.run", "mcp.run")
_NAMES = (*_SOCKET_PAIR, *_HOST_PORT, "listen", "serve", "run", "run_app", "Listen", "ListenAndServe", "ListenAndServeTLS", "Server")

MAX_IN_FILE = 20
BOUND_WORK = 4_000
"""Steps for the host of one server."""


def binds(evaluators: Mapping[Platform, Evaluator], path: str) -> list[Bind]:
    """The servers that the code of a file starts, with the hosts and ports that they may listen on, per platform. Servers that are told no host
    are left out: they listen on every interface."""
    found: list[Bind] = []
    for function, place in _servers(next(iter(evaluators.values())), path):
        hosts: dict[Platform, Value] = {}
        port: Value | None = None
        for platform, ev in evaluators.items():
            ev.fresh()
            pair = _pair(ev, place)
            if pair is not None:
                hosts[platform], port = pair[0], pair[1] or port
        if hosts:
            found.append(Bind(hosts, port, Span(path, *place.expr.span), function))
    return found


def bound_variables(ev: Evaluator, path: str) -> frozenset[str]:
    """The variables of the environment from which servers in the code of a file take the host that they listen on."""
    names: set[str] = set()
    for _, place in _servers(ev, path):
        ev.fresh(BOUND_WORK)
        pair = _pair(ev, place)
        if pair is not None:
            names.update(part.name for part in unknown_parts(pair[0]) if part.kind == "env" and part.name)
    return frozenset(names)


def _servers(ev: Evaluator, path: str) -> Iterator[tuple[str, Place]]:
    """The first places of a file that start something by a name that starts servers, each with the name of the function around it."""
    unit, source = ev.project.unit(path), ev.project.source(path)
    if unit is None or source is None:
        return
    looked = 0
    for decl in ev.project.holding(unit, SERVING.finditer(source.data)):
        here = ev.project.places_of(decl)
        for place in sorted((place for name in _NAMES for place in here.get(name, ())), key=lambda one: one.expr.span):
            looked += 1
            if looked > MAX_IN_FILE:
                return
            yield decl.name, place


def _pair(ev: Evaluator, place: Place) -> tuple[Value, Value | None] | None:
    """Host and port that one call or record gives."""
    frame = ev.frame_of(place, 2)
    expr, at = place.expr, place.stmt
    if isinstance(expr, Record):
        address = next((pair.value for pair in expr.pairs if isinstance(pair.key, Name) and pair.key.id == "Addr"), None)
        return _split(ev.eval(address, frame, at)) if address is not None and expr.type.endswith("http.Server") else None
    if not isinstance(expr, Call) or any(arg.spread for arg in expr.args):
        return None
    name, text, language = last_name(expr.callee) or "", dotted(expr.callee) or "", frame.unit.language
    if (language == "python") != (name in _SOCKET_PAIR or name in _HOST_PORT or name in ("run", "run_app")):
        return None
    if language == "python" and name == "bind" and len(expr.args) != 1:
        return None
    if name in ("run", "run_app") and not text.endswith(_BY_KEYWORD):
        return None
    positional, keywords, _ = library.evaluated(ev, expr.args, frame, at)
    host: Value | None = None
    port: Value | None = None
    if name in _SOCKET_PAIR:
        pair = positional[0] if positional else keywords.get("server_address")
        if not isinstance(pair, ListValue) or len(pair.items) < 2:
            return None
        host, port = pair.items[0].value, pair.items[1].value
    elif name in _HOST_PORT:
        start = _HOST_PORT[name]
        host = keywords.get("host") or keywords.get("hostname") or (positional[start] if len(positional) > start else None)
        port = keywords.get("port") or (positional[start + 1] if len(positional) > start + 1 else None)
    elif name in ("run", "run_app"):
        host, port = keywords.get("host"), keywords.get("port")
    elif language == "go":
        if name == "Listen":
            network = next((one for one in positional[:-1] if isinstance(one, Known) and one.text.startswith("tcp")), None)
            return _split(positional[-1]) if network is not None else None
        return _split(positional[0]) if len(positional) >= 2 else None
    else:
        options = next((one for one in positional[:1] if isinstance(one, MapValue)), None)
        if options is not None:
            host, port = options.get("hostname") or options.get("host"), options.get("port")
        elif len(positional) >= 2 and name == "listen":
            port, host = positional[0], positional[1]
    if host is None or not isinstance(host, Known | Template | Choice) or (isinstance(host, Known) and host.kind != "str"):
        return None
    return host, library.scalar(port) if port is not None else None


def _split(address: Value) -> tuple[Value, Value | None] | None:
    """`127.0.0.1:8080` as host and port; None where no host stands in front."""
    for option in alternatives(address, 4):
        if isinstance(option, Known):
            host, colon, port = option.text.rpartition(":")
            if colon and host:
                return Known(host.strip("[]"), option.span, option.trail), Known(port, option.span)
        elif isinstance(option, Unknown) and option.kind == "env":
            # The whole address is a variable's.
            return option, None
        elif isinstance(option, Template) and isinstance(option.parts[0], Unknown):
            behind = option.parts[1]
            if isinstance(behind, Known) and behind.text.startswith(":"):
                return option.parts[0], join((Known(behind.text[1:], behind.span), *option.parts[2:]))
        elif isinstance(option, Template) and isinstance(option.parts[0], Known):
            host, colon, port = option.parts[0].text.rpartition(":")
            if colon and host:
                rest = option.parts[1:] if not port else (Known(port), *option.parts[1:])
                return Known(host.strip("[]"), option.parts[0].span, option.trail), join(rest)
    return None


__all__ = ["SERVING", "binds", "bound_variables"]
