"""Where code gives a client an address of loopback that nothing outside the code can change.

Only what is sure to be dialled counts: the argument of a client's constructor that is called an endpoint, and the URL of a request. A value that comes
from a variable, a setting, a parameter or a field is somebody else's to give, and is left to the rules about variables."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from stigmer_lint.addresses import addresses_of
from stigmer_lint.engine.discover import Files
from stigmer_lint.flow.evaluate import Evaluator
from stigmer_lint.flow.ir import Call, Cond, DictOf, Expr, Join, Name, Str, Unit
from stigmer_lint.flow.project import SUFFIXES
from stigmer_lint.flow.reads_forms import canonical
from stigmer_lint.flow.walk import Place
from stigmer_lint.knowledge.clients import ENDPOINT_ARGUMENTS, REQUESTS, clients
from stigmer_lint.knowledge.names import is_test
from stigmer_lint.model.span import Span
from stigmer_lint.model.value import Known, Template, Value, alternatives
from stigmer_lint.model.world import ClientCall

LOOPBACK = re.compile(rb"[\"'`](?:[a-z][a-z0-9+]*://)?(?:[^\s\"'`@/]*@)?(?:localhost|127\.0\.0\.1|\[::1\]):(?:\d|\$\{|\{)")
"""A literal that begins with an address of loopback and a port."""

_ENVIRONMENT = re.compile(rb"environ|getenv|process\.env|import\.meta\.env|Bun\.env|(?i:settings|config)\b")
_SERVER = re.compile(r"(?:^|/)(?:server|api|backend|worker|workers|services)/")
_NODE = re.compile(rb"(?:from|require\()\s*[\"'](?:node:\w+|express|fastify|koa|hono|h3|http|fs|child_process|path|@nestjs/\w+|ioredis|redis|pg|mongoose|ollama|@langchain/\w+|langchain/[\w/]+)[\"']")
_PAGE = (".tsx", ".jsx")


def fixed_endpoints(ev: Evaluator, files: Files, inside: Callable[[str], bool]) -> dict[str, list[ClientCall]]:
    """The clients and requests with an endpoint of loopback in the files that count, by path."""
    found: dict[str, list[ClientCall]] = {}
    for language in ("python", "javascript"):
        for path, data in files.grep(LOOPBACK, SUFFIXES[language]):
            if not inside(path) or is_test(path) or (language == "javascript" and not _serves(path, data)):
                continue
            unit = ev.project.unit(path)
            if unit is not None:
                calls = list(_in_unit(ev, unit, data, language))
                if calls:
                    found[path] = calls
    return found


def _serves(path: str, data: bytes) -> bool:
    """Whether a JavaScript file runs in a server: what a browser runs dials the machine of whoever looks at it."""
    return not path.endswith(_PAGE) and (_SERVER.search(path) is not None or _NODE.search(data) is not None)


def _in_unit(ev: Evaluator, unit: Unit, data: bytes, language: str) -> Iterator[ClientCall]:
    constructors = {row.call: row.arguments for row in clients() if row.language == language}
    for decl in ev.project.holding(unit, LOOPBACK.finditer(data)):
        start, end = decl.span if decl is not unit.module else (0, len(data))
        if _ENVIRONMENT.search(data, start, end) is not None:
            # Another branch, or another line of the module, may take it from there.
            continue
        for places in ev.project.places_of(decl).values():
            for place in places:
                if isinstance(place.expr, Call):
                    yield from _call(ev, unit, place, place.expr, constructors, language)


def _call(
    ev: Evaluator, unit: Unit, place: Place, call: Call, constructors: dict[str, tuple[str, ...]], language: str
) -> Iterator[ClientCall]:
    full = canonical(call.callee, unit, {}) or ""
    name = full.rpartition(".")[2]
    arguments = constructors.get(full, constructors.get(f"{full}.default", ()))
    makes = call.new or bool(arguments) or name[:1].isupper()
    for position, arg in enumerate(call.args):
        if arg.spread:
            continue
        if arg.name is not None:
            if arg.name in arguments or (makes and arg.name in ENDPOINT_ARGUMENTS):
                yield from _given(ev, unit, place, call, name, arg.name, arg.value)
        elif str(position) in arguments or (position == 0 and REQUESTS[language].match(full)):
            yield from _given(ev, unit, place, call, name, "the address", arg.value)
        elif isinstance(arg.value, DictOf) and makes:
            for pair in arg.value.pairs:
                if isinstance(pair.key, Str) and (pair.key.text in arguments or pair.key.text in ENDPOINT_ARGUMENTS):
                    yield from _given(ev, unit, place, call, name, pair.key.text, pair.value)


def _given(ev: Evaluator, unit: Unit, place: Place, call: Call, name: str, argument: str, value: Expr) -> Iterator[ClientCall]:
    if not _is_written(value):
        return
    ev.fresh()
    known = ev.eval(value, ev.frame_of(place), place.stmt)
    options = list(alternatives(known, 8))
    if all(isinstance(option, Known | Template) for option in options):
        for option in options:
            if (address := _loopback(option)) is not None:
                yield ClientCall(name, Span(unit.path, *call.span), option, argument, address, (), fixed=True)
                return


def _is_written(value: Expr) -> bool:
    """Whether an expression is a text that stands there, or a name, which the function or the module gives one."""
    if isinstance(value, Cond):
        return _is_written(value.then) or _is_written(value.other)
    return isinstance(value, Str | Name) or (isinstance(value, Join) and bool(value.parts) and isinstance(value.parts[0], Str))


def _loopback(value: Value) -> str | None:
    """The address with which a text begins, where it is loopback with a port."""
    for located in addresses_of(value):
        address = located.address
        if address.is_loopback and address.port is not None and located.address.kind == "loopback":
            return f"{address.scheme}://{address.host}:{address.port}" if address.scheme else f"{address.host}:{address.port}"
    return None


__all__ = ["LOOPBACK", "fixed_endpoints"]
