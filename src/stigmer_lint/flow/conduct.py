"""What the code around a launch does with it: what it tells people, and whether it waits for what it has started.

Looked at as code is written, not as values: a message tells an address where it names what the address is made of. Where that cannot be told (the
environment is put together in another function), nothing is said to be missing.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator

from stigmer_lint.addresses import addresses_of
from stigmer_lint.flow.callers import call_sites
from stigmer_lint.flow.evaluate import Evaluator
from stigmer_lint.flow.ir import Assign, Attr, Call, Do, Expr, FunctionDecl, Index, Name, Slice, Stmt, Str
from stigmer_lint.flow.walk import Place, expressions, parts, places, target_names
from stigmer_lint.knowledge.names import tokens
from stigmer_lint.model.launch import Conduct, LaunchFacts
from stigmer_lint.model.span import Span

MAX_NAMES = 400
"""Names that one message or value is followed through."""
MAX_CALLERS = 12
"""Call sites that are asked whether they wait."""
MAX_LEVELS = 3
"""How many callers outwards may wait for what was started."""

_SPEAKERS = frozenset({"console", "fmt", "click", "typer", "rich", "cmd", "stdout", "stderr", "out", "ui", "output", "spinner", "term", "terminal"})
_LEVELS = frozenset({
    "print", "printf", "println", "fprint", "fprintf", "fprintln", "echo", "secho", "log", "logf", "info", "infof", "infow", "infoln", "infoctx", "infocontext", "debug",
    "debugf", "debugw", "debugln", "debugcontext", "notice", "success", "trace", "tracef", "msg", "msgf", "send", "write", "writestring", "warn", "warnf", "warnw",
    "warning", "warningf", "error", "errorf", "errorw", "errorln", "exception", "critical", "fatal", "fatalf", "fatalln", "panic", "panicf", "table", "start", "step",
})
_ALONE = frozenset({"print", "pprint", "echo", "printf", "log", "info", "say", "note", "success", "debug", "warn", "log_info", "loginfo", "loginf", "step", "msg", "status", "logger"})
_FAILING = frozenset({
    "warn", "warnf", "warnw", "warning", "warningf", "error", "errorf", "errorw", "errorln", "err", "exception", "critical", "fatal", "fatalf", "fatalln", "panic", "panicf"})
_GLOBALS = frozenset({"console", "process", "JSON", "String", "Number", "Object", "Array", "Math", "logger", "log", "logging", "true", "false", "nil", "null", "None", "ctx", "self", "this"})
"""Names that every file has, so that two texts that have them have nothing in common."""
_STARTS = re.compile(r"(?i)start|launch|running|\brun\b|creat|spawn|boot|deploy|container|docker|podman|bring")
"""Words of a message that say that something is started."""
_WAITS = frozenset({
    "WAIT", "WAITS", "WAITED", "WAITING", "AWAIT", "READY", "READINESS", "HEALTH", "HEALTHY", "HEALTHZ", "HEALTHCHECK", "PROBE", "POLL", "POLLING", "PING", "ALIVE", "LIVENESS", "UNTIL",
    "HEARTBEAT", "REACHABLE", "EVENTUALLY", "RETRY", "RETRIES", "DIAL", "CONNECT", "FETCH", "CURL", "WGET", "NC", "INSPECT", "SLEEP", "ISREADY", "VERIFY", "MONITOR", "WATCH", "WATCHER",
    "URLOPEN", "LISTENING", "RUNNING", "TIMEOUT", "DOCKERIZE", "AFTER", "TICK", "TICKER", "NEWTICKER", "ATTACH", "LOGS", "PROMISE",
})
"""Words of the names of functions and commands that wait for something or ask how it is."""
_CLIENTS = frozenset({"requests", "httpx", "http", "https", "axios", "urllib", "aiohttp", "got", "superagent", "socket", "net", "client", "session"})
_ASKS = frozenset({"get", "head", "post", "do", "request", "open", "create_connection", "createconnection", "dialtimeout"})
_COMMANDS = re.compile(r"(?<![\w-])(?:(?:inspect|pg_isready|isready|curl|wget|nc|health|healthz|healthcheck|healthy|readyz|ready)(?![\w-])|wait(?![a-z]))")
_GETS = re.compile(r"(?i)(?:get|lookup)_?env|env")
_ARGV = frozenset({"Args", "String", "args", "spawnargs", "argv", "cmd", "command", "env", "environment", "Env"})
"""Parts of a started command that hold what it was started with."""


def conduct_of(ev: Evaluator, place: Place, facts: LaunchFacts, kind: str) -> Conduct:
    """What the function of a launch of this kind, closures around it included, does with it."""
    top = _outermost(place)
    scope = _Scope(top)
    launch = place.expr
    log, untold = _told(scope, launch, facts)
    wait = _after(scope, launch) or _callers_wait(ev, top)
    return Conduct(log, untold, wait, _starts(scope, launch, kind))


def _starts(scope: _Scope, launch: Expr, kind: str) -> bool:
    """Whether what is created is started by a later call of the function; what is run needs none."""
    name = _dotted(launch)[-1:] if isinstance(launch, Call) else []
    if not kind.endswith(" create") and not any("create" in word.lower() for word in name):
        return True
    for expr in scope.all:
        if isinstance(expr, Call) and expr.span[0] >= launch.span[1] and _speaks(expr) is None:
            if any("START" in tokens(word.lstrip("$")) for word in _dotted(expr)[-2:]):
                return True
            if any(isinstance(one, Str) and one.text in ("start", "restart") for arg in expr.args for one in expressions(arg.value)):
                return True
    return False


def _outermost(place: Place) -> FunctionDecl:
    """The named function that a place is in, closures left."""
    while place.outer is not None:
        place = place.outer
    return place.decl


class _Scope:
    """The statements of a function and of the closures in it, with what each name is given."""

    def __init__(self, decl: FunctionDecl) -> None:
        self.decl = decl
        self.path = decl.unit.path
        self.stmts: list[Stmt] = []
        self.given: dict[str, list[Assign]] = {}
        self.all: list[Expr] = []
        seen: set[int] = set()
        for place in places(decl):
            self.all.append(place.expr)
            if id(place.stmt) in seen:
                continue
            seen.add(id(place.stmt))
            self.stmts.append(place.stmt)
            if isinstance(place.stmt, Assign):
                for name in (*target_names(place.stmt.target), *((root,) if (root := _root(place.stmt.target)) else ())):
                    self.given.setdefault(name, []).append(place.stmt)


def _root(expr: Expr) -> str | None:
    while isinstance(expr, Attr | Index | Slice):
        expr = expr.base
    return expr.id if isinstance(expr, Name) else None


# -- messages --------------------------------------------------------------------------------------------------------------------


def _told(scope: _Scope, launch: Expr, facts: LaunchFacts) -> tuple[Span | None, frozenset[str]]:
    packages = _packages(scope.decl)
    first: Span | None = None
    texts: list[str] = []
    named: set[str] = set()
    for stmt in scope.stmts:
        call = stmt.value if isinstance(stmt, Do | Assign) else None
        if not isinstance(call, Call):
            continue
        level = _speaks(call)
        if level is None:
            continue
        said = [one.text for one in expressions(call) if isinstance(one, Str)]
        texts += said
        named.update(_names(call, packages))
        if first is None and level not in _FAILING and _STARTS.search(" ".join(said)) is not None:
            first = Span(scope.path, *call.span)
    if first is None:
        return None, frozenset()
    known, ranges = _followed(scope, named, launch)
    prose = " ".join(texts)
    untold: set[str] = set()
    for setting in facts.env:
        span = setting.span
        if span.path != scope.path or not scope.decl.span[0] <= span.start <= span.end <= max(scope.decl.span[1], _end(scope)):
            continue
        if setting.name in prose or any(low <= span.start and span.end <= high for low, high in ranges):
            continue
        if any(one.address.host in prose for one in addresses_of(setting.value) if len(one.address.host) > 3):
            continue
        inside = [one for one in scope.all if span.start <= one.span[0] and one.span[1] <= span.end]
        names = {name for one in inside for name in _names(one, packages)} | ({setting.name} if setting.passed else set())
        if not inside:
            # The place of a value that is a parameter is the parameter.
            names = {param.name for param in scope.decl.params if param.span == (span.start, span.end)}
            if not names:
                continue
        mine, _ = _followed(scope, names, launch)
        if not _meet(known, mine):
            untold.add(setting.name)
    return first, frozenset(untold)


def _end(scope: _Scope) -> int:
    """Where the last expression ends; the top level of a file has no end of its own in some languages."""
    return max((one.span[1] for one in scope.all), default=scope.decl.span[1])


def _packages(decl: FunctionDecl) -> frozenset[str]:
    return frozenset(decl.unit.imports) | _GLOBALS | {decl.receiver}


def _speaks(call: Call) -> str | None:
    """The level of a call that tells people something (`info`, `println`), None for any other call."""
    words = [word.lower().lstrip("$") for word in _dotted(call)]
    if not words:
        return None
    last = words[-1]
    if len(words) == 1:
        return last if last in _ALONE or last.startswith(("print", "echo", "log_")) else None
    failing = next((word for word in words[1:] if word in _FAILING), None)
    if last.startswith("print") or (last in _LEVELS and any(word in _SPEAKERS or "log" in word or word in ("slog", "zap", "sugar", "l") for word in words[:-1])):
        return failing or last
    return None


def _dotted(call: Call) -> list[str]:
    """The names of a chain of calls, first to last: `log.Info().Str(..).Msg(..)` is log, Info, Str, Msg."""
    names: list[str] = []
    here: Expr = call
    while True:
        if isinstance(here, Call):
            here = here.callee
        elif isinstance(here, Attr):
            names.append(here.name)
            here = here.base
        elif isinstance(here, Index):
            here = here.base
        elif isinstance(here, Name):
            names.append(here.id)
            return names[::-1]
        else:
            return names[::-1]


def _names(expr: Expr, known: Container[str] = ()) -> Iterator[str]:
    """What an expression is made of: variables and fields as dotted names, variables of the environment with a dollar; the functions that it calls, and
    the packages that these are `known` to be of, are left out."""
    waiting: list[Expr] = [expr]
    while waiting:
        here = waiting.pop()
        if isinstance(here, Name):
            if here.id not in known:
                yield here.id
        elif isinstance(here, Attr):
            dotted: list[str] = []
            base: Expr = here
            while isinstance(base, Attr):
                dotted.append(base.name)
                base = base.base
            if isinstance(base, Name):
                yield ".".join([base.id, *reversed(dotted)])
            else:
                waiting.append(base)
        elif isinstance(here, Call):
            waiting.extend(arg.value for arg in here.args)
            if _GETS.fullmatch(_dotted(here)[-1] if _dotted(here) else "") and here.args and isinstance(here.args[0].value, Str):
                yield f"${here.args[0].value.text}"
            if isinstance(here.callee, Attr):
                # `url.String()` tells url, `cmd.String()` its words; `s.start()` does not tell what s has.
                if not isinstance(here.callee.base, Name):
                    waiting.append(here.callee.base)
                elif here.callee.base.id not in known:
                    yield f"{here.callee.base.id}.{here.callee.name}" if here.callee.name in _ARGV else f"{here.callee.base.id}()"
                    if here.callee.name in _ARGV:
                        yield f"{here.callee.base.id}()"
        else:
            waiting.extend(parts(here))


def _followed(scope: _Scope, names: Iterable[str], launch: Expr) -> tuple[set[str], list[tuple[int, int]]]:
    """The names with everything that they are made of in this function, and the ranges of what was assigned to them. What the launch itself gives (the
    container's id) is not made of what it was given, except for a command whose words are told."""
    packages = _packages(scope.decl)
    started = _started(scope, launch)
    # A command that is told is told with its words; what an SDK gives for a container is told by its name.
    commands = {name for one in scope.stmts if isinstance(one, Assign) and one.value.span == launch.span for name in target_names(one.target)}
    if not isinstance(launch, Call) or _dotted(launch)[-1:] not in (["Command"], ["CommandContext"]):
        commands = set()
    found: set[str] = set()
    ranges: list[tuple[int, int]] = []
    direct = set(names)
    waiting = sorted(direct)
    while waiting and len(found) < MAX_NAMES:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        base, _, field = name.removesuffix("()").partition(".")
        words = field.partition(".")[0] in _ARGV
        if base in started and not words and not (name in commands and name in direct):
            # What came out of the command is not made of what it was given.
            continue
        if field and not words:
            exact = [stmt for stmt in scope.given.get(base, ()) if isinstance(stmt.target, Attr) and name in _names(stmt.target)]
        else:
            exact = scope.given.get(base, [])
        for stmt in exact:
            if _holds(stmt.value, launch) and base not in started:
                continue
            ranges.append(stmt.value.span)
            waiting.extend(_names(stmt.value, packages))
    return found, ranges


def _started(scope: _Scope, launch: Expr) -> set[str]:
    """The names of what the launch gives: a command, a container."""
    return {name for one in scope.stmts if isinstance(one, Assign) and _holds(one.value, launch) for name in target_names(one.target)}


def _holds(expr: Expr, launch: Expr) -> bool:
    return expr.span[0] <= launch.span[0] and launch.span[1] <= expr.span[1]


def _meet(told: set[str], mine: set[str]) -> bool:
    """Whether what is told has a part of the value in it: the same name, or the record that a field is of."""
    if not mine:
        return False
    return any(name in told or f"{name}()" in told or name.removesuffix("()") in told or any(".".join(name.split(".")[:count]) in told for count in range(1, name.count(".") + 1)) for name in mine)


# -- waiting ---------------------------------------------------------------------------------------------------------------------


def _after(scope: _Scope, launch: Expr) -> Span | None:
    """The first place after a launch that waits or asks for health."""
    started = _started(scope, launch)
    for expr in scope.all:
        if isinstance(expr, Call) and expr.span[0] >= launch.span[1] and not _holds(expr, launch) and _waits(expr, scope.decl, started, 1):
            return Span(scope.path, *expr.span)
    return None


def _waits(call: Call, decl: FunctionDecl, started: set[str], depth: int) -> bool:
    """Whether a call waits for something, by its name or by the command that it runs; a function of the same file also by what it calls."""
    words = _dotted(call)
    if not words or _speaks(call) is not None:
        return False
    if words[-1] in ("Wait", "wait") and words[0] in started:
        # It waits for the client, which has long gone when the container is up.
        return False
    if words[-1].lower() in ("remove", "kill") and words[0] in started:
        # Used here and done with.
        return True
    if any(word in _WAITS for name in words[-2:] for word in tokens(name.lstrip("$"))):
        return True
    if words[-1].lower() in _ASKS and any(word.lower() in _CLIENTS or "http" in word.lower() for word in words[:-1]):
        return True
    if any(isinstance(one, Str) and len(one.text) < 400 and _COMMANDS.search(one.text) for arg in call.args for one in expressions(arg.value)):
        return True
    inner = decl.unit.functions.get(words[-1].lstrip("$")) or next((klass.methods[words[-1]] for klass in decl.unit.classes.values() if words[-1] in klass.methods), None)
    if inner is None or inner is decl or depth <= 0:
        return False
    return any(isinstance(one.expr, Call) and _waits(one.expr, inner, set(), depth - 1) for one in places(inner))


def _callers_wait(ev: Evaluator, decl: FunctionDecl) -> Span | None:
    """Whether who calls the function that launches waits after the call."""
    waiting = [(decl, 0)]
    seen = {id(decl)}
    while waiting:
        here, level = waiting.pop(0)
        if not here.name or level >= MAX_LEVELS:
            continue
        for site, _ in call_sites(ev, here, MAX_CALLERS):
            top = _outermost(site)
            for one in places(top):
                if isinstance(one.expr, Call) and one.expr.span[0] >= site.expr.span[1] and _waits(one.expr, top, set(), 1):
                    return Span(top.unit.path, *one.expr.span)
            if id(top) not in seen:
                seen.add(id(top))
                waiting.append((top, level + 1))
    return None
