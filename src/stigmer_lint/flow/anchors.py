"""Launches found by how they are written, where no call was seen to take them.

The search from the places that start processes backwards loses its way where a program hands its arguments through a table of functions, a
queue, an interface or another process. What it hands over still stands somewhere as a literal: `["run", "--rm", "-e", ...]`, or the engine
API's `{Image, Env, HostConfig}`. Such a literal is followed forwards to what it has become at the end of the function that writes it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

import msgspec

from stigmer_lint.dialects.base import Command, Invocation, Recognised, Unread
from stigmer_lint.dialects.docker_flags import grammar
from stigmer_lint.flow.evaluate import Evaluator
from stigmer_lint.flow.frame import Frame
from stigmer_lint.flow.ir import Assign, DictOf, Expr, ListOf, Name, Record, Return, Stmt, Str
from stigmer_lint.flow.launches import LaunchFinder
from stigmer_lint.flow.walk import Place, expressions, mentions, own, places, statements
from stigmer_lint.model.launch import Launch, Platform
from stigmer_lint.model.span import Span
from stigmer_lint.model.value import Item, Known, ListValue, MapValue, ObjectValue, Value
from stigmer_lint.model.world import Gap

WORDS = re.compile(rb"""["'`](?:run|create)["'`]\s*,|\bHostConfig\b|container\.Config\b""")
"""What a file holds that writes such a literal."""
NEAR = (b'run"', b"run'", b"run`", b'create"', b"create'", b"create`", b"HostConfig", b"container.Config")
"""Texts of which each of these has one."""

_ENGINE = re.compile(rb"docker|podman|nerdctl", re.IGNORECASE)

_TELLING = frozenset({"env", "env-file", "volume", "publish", "network", "host", "entrypoint", "detach"})
"""Kinds of flags that say something of a container; those of other programs that run things are rarely of these kinds."""
_API_FIELDS = frozenset({"HostConfig", "Env", "Cmd", "Entrypoint", "ExposedPorts", "Labels", "WorkingDir", "Tty", "OpenStdin", "AttachStdout", "User"})

MAX_IN_FILE = 40
_BY_CALLER = "the caller may add variables"


class Anchor(msgspec.Struct, frozen=True):
    """A literal with its place. `verb`: index of the command word of an argument vector; None: a record of the engine's API."""

    place: Place
    verb: int | None

    @property
    def span(self) -> Span:
        """Where the literal stands."""
        return Span(self.place.decl.unit.path, *self.place.expr.span)


def anchors(ev: Evaluator, path: str) -> Iterator[Anchor]:
    """The literals of one file that say what a container is started with."""
    unit, source = ev.project.unit(path), ev.project.source(path)
    if unit is None or source is None or _ENGINE.search(source.data) is None:
        return
    found = 0
    for decl in ev.project.holding(unit, WORDS.finditer(source.data)):
        for place in places(decl):
            expr = place.expr
            if isinstance(expr, ListOf):
                verb = _verb(expr)
                if verb is None:
                    continue
            elif isinstance(expr, Record):
                # The configuration alone says nothing of the host; who makes one without the other starts nothing here.
                if not expr.type.endswith("container.Config") or _only_host_config(place) is None:
                    continue
                verb = None
            elif not (isinstance(expr, DictOf) and _is_request(expr)):
                continue
            else:
                verb = None
            found += 1
            if found > MAX_IN_FILE:
                return
            yield Anchor(place, verb)


def _verb(literal: ListOf) -> int | None:
    """Index of `run` in a list that starts an argument vector of an engine and goes on with several of its options."""
    for index, item in enumerate(literal.items[:3]):
        if item.spread:
            return None
        if isinstance(item.value, Str) and item.value.text in ("run", "create"):
            table = grammar("docker", "run")
            texts = {one.value.text.partition("=")[0] for one in literal.items[index + 1 :] if isinstance(one.value, Str)}
            flags = [text for text in texts if text in table or text == "-it"]
            return index if len(flags) >= 2 and any(text in table and (table[text].kind in _TELLING or text == "--rm") for text in flags) else None
        if isinstance(item.value, Str) and not _ENGINE.fullmatch(item.value.text.encode()) and item.value.text != "container":
            return None
    return None


def _is_request(literal: DictOf) -> bool:
    keys = {pair.key.text for pair in literal.pairs if isinstance(pair.key, Str)}
    return "Image" in keys and ("HostConfig" in keys or len(keys & _API_FIELDS) >= 3)


def covered(anchor: Anchor, launches: Sequence[Launch], data: bytes) -> bool:
    """Whether a launch that was found already is made of the literal. `data`: the file's text."""
    span = anchor.span
    if any(any(_inside(one, span) for one in spans(launch)) for launch in launches):
        return True
    name, _ = _destination(anchor.place)
    if name is None:
        return False
    word = re.compile(rb"(?<![\w$])(?:(?<!\.)|(?<=\.\.\.))" + re.escape(name.encode()) + rb"(?![\w$])")
    around = anchor.place.decl.span
    # `createContainer({...options, Env: env})`: what was found there is made of the variable that keeps the literal.
    return any(
        launch.span.path == span.path and around[0] <= launch.span.start < around[1] and word.search(data, launch.span.start, launch.span.end) for launch in launches
    )


def _inside(one: Span | None, span: Span) -> bool:
    return one is not None and one.path == span.path and span.start <= one.start and one.end <= span.end


def spans(launch: Launch) -> Iterator[Span | None]:
    """Where the parts of a launch are written."""
    yield launch.written
    for facts in launch.facts.values():
        for value in (facts.image, facts.name):
            yield value.span if value is not None else None
        yield facts.network_span
        for setting in facts.env:
            yield setting.span
        for publish in facts.publishes:
            yield publish.span


class Literals(LaunchFinder):
    """What the finders of launches that are written as literals share."""

    def may_launch(self, ev: Evaluator, place: Place, frame: Frame) -> bool:
        """A literal says itself that it launches."""
        return True

    def is_candidate(self, ev: Evaluator, place: Place, frame: Frame) -> bool:
        """Every literal that was picked is one."""
        return True

    def final(self, ev: Evaluator, place: Place, frame: Frame) -> Value | None:
        """What a literal has become at the end of its function, or before the variable that keeps it gets another value."""
        name, _ = _destination(place)
        if name is not None:
            return ev.local(name, frame, _replaced_at(place, name))
        return ev.eval(place.expr, frame, place.stmt)


class AnchorFinder(Literals):
    """Finds what literals launch. `mapping`: gives the files of the tree whose code maps host aliases, and may do so for launches that it is handed."""

    def __init__(self, evaluators: dict[Platform, Evaluator], mapping: Callable[[], frozenset[str]]) -> None:
        super().__init__(evaluators, ())
        self.mapping = mapping
        self._verbs: dict[int, int | None] = {}

    def besides(self, path: str, known: Sequence[Launch]) -> tuple[list[Launch], list[Gap]]:
        """The launches that the literals of a file describe, by each way to their functions, save those of which a known launch is made."""
        launches: list[Launch] = []
        gaps: list[Gap] = []
        source = self.project.source(path)
        for anchor in anchors(self.first, path) if source is not None else ():
            if source is not None and not covered(anchor, known, source.data):
                self._verbs[id(anchor.place.expr)] = anchor.verb
                self.at_place(anchor.place, launches, gaps)
        return [self._open_ended(launch) for launch in launches], gaps

    def _open_ended(self, launch: Launch) -> Launch:
        """The launch with what its callers may still add, where the literal is handed to them: host entries, where one of them writes any."""
        if not any(_BY_CALLER in facts.env_open for facts in launch.facts.values()):
            return launch
        callers = {step.span.path for step in launch.route}
        mapping = self.mapping() - {launch.span.path}
        if not (callers & mapping if callers else mapping):
            return launch
        return msgspec.structs.replace(
            launch, facts={platform: msgspec.structs.replace(facts, hosts_open=True) for platform, facts in launch.facts.items()},
        )

    def recognise(self, ev: Evaluator, place: Place, frame: Frame) -> Iterator[tuple[Recognised | Unread, Span]]:
        """What the literal has become at the end of its function; nothing where too little of a launch is there to judge."""
        anchor = Anchor(place, self._verbs[id(place.expr)])
        _, escapes = _destination(place)
        found = _recognised(ev, anchor, self.final(ev, place, frame), frame)
        if isinstance(found, Unread):
            yield found, anchor.span
        elif found is not None:
            if escapes:
                found = msgspec.structs.replace(found, facts=msgspec.structs.replace(found.facts, env_open=(*found.facts.env_open, _BY_CALLER)))
            yield self._completed(ev, found, place, frame), anchor.span


def _destination(place: Place) -> tuple[str | None, bool]:
    """The variable that the literal is kept in, and whether the function hands it to its caller."""
    stmt = place.stmt
    if isinstance(stmt, Return):
        return None, True
    if not isinstance(stmt, Assign) or not isinstance(stmt.target, Name) or not _is_value(stmt.value, place.expr):
        return None, False
    name = stmt.target.id
    given = any(isinstance(one, Return) and one.value is not None and mentions(one.value, name) for one in statements(place.decl.body))
    return name, given


def _is_value(value: Expr, literal: Expr) -> bool:
    return value is literal or (not isinstance(value, ListOf | DictOf | Record) and any(one is literal for one in expressions(value)))


def _replaced_at(place: Place, name: str) -> Assign | None:
    """The later statement that gives the variable something else, before which the literal's value is asked for."""
    for stmt in statements(place.decl.body):
        if isinstance(stmt, Assign) and stmt.span[0] > place.stmt.span[0] and isinstance(stmt.target, Name) and stmt.target.id == name and stmt.op == "=":
            if not mentions(stmt.value, name):
                return stmt
    return None


def _recognised(ev: Evaluator, anchor: Anchor, value: Value | None, frame: Frame) -> Recognised | Unread | None:
    if anchor.verb is not None:
        return _of_argv(ev, anchor, value)
    options = value if isinstance(value, MapValue | ObjectValue) else None
    if options is None:
        return None
    if isinstance(anchor.place.expr, Record):
        from stigmer_lint.dialects.docker_sdk_go import DIALECT

        host = _host_config(ev, anchor.place, frame)
        args: tuple[Value, ...] = (Known("", kind="null"), options, host if host is not None else Known("", kind="null"), Known("", kind="null"), Known("", kind="null"))
        found = DIALECT.recognise(Invocation("docker.ContainerCreate", anchor.span, args, {}, "go", ev.platform))
        return found if isinstance(found, Recognised) and host is not None else None
    from stigmer_lint.dialects.dockerode import DIALECT as DOCKERODE

    name = "containerEngine.createContainer" if _text(ev, anchor).count(b"containerEngine") else "docker.createContainer"
    return DOCKERODE.recognise(Invocation(name, anchor.span, (options,), {}, "javascript", ev.platform))


def _of_argv(ev: Evaluator, anchor: Anchor, value: Value | None) -> Recognised | None:
    from stigmer_lint.dialects.docker_cli import recognise_argv

    if not isinstance(value, ListValue):
        return None
    at = next((i for i, item in enumerate(value.items[:4]) if isinstance(item.value, Known) and item.value.text in ("run", "create")), None)
    if at is None:
        return None
    lowered = _text(ev, anchor).lower()
    program = "docker" if b"docker" in lowered else "podman" if b"podman" in lowered else "nerdctl"
    argv = ListValue((Item(Known(program)), *value.items[at:]), value.span)
    found = recognise_argv(Command(argv, None, anchor.span, ev.platform))
    if not isinstance(found, Recognised) or found.facts.image is None:
        return None
    facts = found.facts
    return found if facts.env or facts.hosts or facts.publishes or facts.network is not None or facts.command else None


def _only_host_config(place: Place) -> tuple[Record, Stmt] | None:
    """Go: the only HostConfig that the function writes, with its statement."""
    found = [(part, stmt) for stmt in statements(place.decl.body) for whole in own(stmt) for part in expressions(whole)
             if isinstance(part, Record) and part.type.endswith("container.HostConfig")]
    return found[0] if len(found) == 1 else None


def _host_config(ev: Evaluator, place: Place, frame: Frame) -> Value | None:
    only = _only_host_config(place)
    if only is None:
        return None
    record, stmt = only
    if isinstance(stmt, Assign) and isinstance(stmt.target, Name) and _is_value(stmt.value, record):
        return ev.local(stmt.target.id, frame, None)
    return ev.eval(record, frame, stmt)


def _text(ev: Evaluator, anchor: Anchor) -> bytes:
    source = ev.project.source(anchor.place.decl.unit.path)
    return source.data if source is not None else b""


__all__ = ["WORDS", "AnchorFinder", "Literals", "spans"]
