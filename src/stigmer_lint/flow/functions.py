"""What library functions do to texts, lists and maps, by their dotted name (FUNCTIONS) or, for methods, by their last name (METHODS).

Only what moves an address is here. A function that is not, gives an object that remembers the call.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, TypeAlias

from stigmer_lint.flow.containers import (
    element,
    map_text,
    pair,
    piece,
    position,
    rounds,
    scalar,
    spread_entries,
    truth_of,
    unfold,
    words,
)
from stigmer_lint.flow.ir import Attr, Call, Expr, Function, Name, Stmt
from stigmer_lint.flow.patterns import MAX_SUBJECT, compiled
from stigmer_lint.flow.urls import url_object
from stigmer_lint.model.span import Span
from stigmer_lint.model.value import (
    Choice,
    Entry,
    FunctionValue,
    Item,
    Known,
    ListValue,
    MapValue,
    ObjectValue,
    Resolved,
    Template,
    Unknown,
    Value,
    choose,
    join,
)

if TYPE_CHECKING:
    from stigmer_lint.flow.evaluate import Evaluator
    from stigmer_lint.flow.frame import Frame


class Context:
    """One call of a library function: arguments are evaluated when asked for."""

    __slots__ = ("_args", "at", "call", "ev", "frame", "receiver", "span")

    def __init__(self, ev: Evaluator, call: Call, frame: Frame, at: Stmt | None, span: Span, receiver: Value | None) -> None:
        self.ev, self.call, self.frame, self.at, self.span, self.receiver = ev, call, frame, at, span, receiver
        self._args: tuple[tuple[Value, ...], dict[str, Value], str | None] | None = None

    def _evaluated(self) -> tuple[tuple[Value, ...], dict[str, Value], str | None]:
        if self._args is None:
            from stigmer_lint.flow import library

            self._args = library.evaluated(self.ev, self.call.args, self.frame, self.at)
        return self._args

    @property
    def args(self) -> tuple[Value, ...]:
        """Positional arguments."""
        return self._evaluated()[0]

    @property
    def keywords(self) -> dict[str, Value]:
        """Keyword arguments."""
        return self._evaluated()[1]

    def arg(self, index: int, name: str = "") -> Value | None:
        """One argument by position or keyword."""
        return self.args[index] if index < len(self.args) else self.keywords.get(name)

    def text(self, index: int) -> str | None:
        """An argument's text where it is known."""
        value = self.arg(index)
        return value.text if isinstance(value, Known) else None

    def invoke(self, function: Value, *values: Value) -> Value:
        """Call a function value."""
        from stigmer_lint.flow import library

        return library.call_back(self.ev, function, values, self.frame, self.at)


Handler: TypeAlias = Callable[[Context], Value | None]
Special: TypeAlias = Callable[["Evaluator", Call, "Frame", Stmt | None], Value | None]

CONSTANTS: dict[str, Value] = {"os.sep": Known("/"), "os.linesep": Known("\n"), "http.MethodGet": Known("GET")}


# -- formats -------------------------------------------------------------------------------------------------------------------

_VERB = re.compile(r"%(?:\((\w+)\))?[-+# 0]*(?:\[(\d+)\])?(?:\d+|\*)?(?:\.\d+)?([a-zA-Z%])")


def printf(template: Value, values: list[Value], mapping: MapValue | None, span: Span) -> Value:
    """A C-like format filled with values; %q and %w count as %v."""
    if isinstance(template, Choice):
        return choose(tuple(printf(option, values, mapping, span) for option in template.options), span)
    if not isinstance(template, Known):
        return Unknown("a format that could not be told", "other", None, span)
    parts: list[Value] = []
    last = index = 0
    for verb in _VERB.finditer(template.text):
        if verb.start() > last:
            parts.append(piece(template, last, verb.start()))
        last = verb.end()
        if verb.group(3) == "%":
            parts.append(Known("%"))
        elif verb.group(1) is not None:
            found = mapping.get(verb.group(1)) if mapping is not None else None
            parts.append(scalar(found) if found is not None else Unknown("a value of the format", "other"))
        else:
            if verb.group(2):
                index = int(verb.group(2)) - 1
            value = values[index] if index < len(values) else Unknown("a value that is not given", "other")
            if isinstance(value, Unknown) and value.name == "*":
                value = Unknown("a value of the format", "other")
            else:
                index += 1
            inner = scalar(value)
            if verb.group(3) == "q" and isinstance(inner, Known):
                inner = Known(f'"{inner.text}"', inner.span, inner.trail)
            parts.append(inner)
    if last < len(template.text):
        parts.append(piece(template, last, len(template.text)))
    return join(tuple(parts), span)


_BRACE = re.compile(r"\{\{|\}\}|\{([\w.\[\]]*)(?:![rsa])?(?::[^{}]*)?\}")


def brace_format(template: Value, values: tuple[Value, ...], keywords: dict[str, Value], span: Span) -> Value:
    """Python's str.format."""
    if not isinstance(template, Known):
        return Unknown("a format that could not be told", "other", None, span)
    parts: list[Value] = []
    last = auto = 0
    for hole in _BRACE.finditer(template.text):
        if hole.start() > last:
            parts.append(piece(template, last, hole.start()))
        last = hole.end()
        whole = hole.group(0)
        if whole in ("{{", "}}"):
            parts.append(Known(whole[0]))
            continue
        field = hole.group(1).split(".", 1)[0].split("[", 1)[0]
        value: Value | None
        if not field:
            value = values[auto] if auto < len(values) else None
            auto += 1
        elif field.isdigit():
            value = values[int(field)] if int(field) < len(values) else None
        else:
            value = keywords.get(field)
        parts.append(scalar(value) if value is not None and field == hole.group(1) else Unknown(field or "a value", "field", field or None))
    if last < len(template.text):
        parts.append(piece(template, last, len(template.text)))
    return join(tuple(parts), span)


def echo(ev: Evaluator, call: Call, frame: Frame, at: Stmt | None) -> Value:
    """What the shell's echo or printf prints, without the line end."""
    from stigmer_lint.flow import library

    args, _, _ = library.evaluated(ev, call.args, frame, at)
    while args and isinstance(args[0], Known) and args[0].text in ("-n", "-e", "-ne", "-en", "--"):
        args = args[1:]
    name = call.callee.id if isinstance(call.callee, Name) else ""
    span = ev.span(call, frame)
    if name == "$printf" and args:
        return map_text(printf(args[0], list(args[1:]), None, span), lambda t: t.replace("\\n", "").replace("\\t", "\t"))
    parts: list[Value] = []
    for index, arg in enumerate(args):
        if index:
            parts.append(Known(" "))
        parts.append(scalar(arg))
    return join(tuple(parts), span)


# -- patterns ------------------------------------------------------------------------------------------------------------------


MAX_PIECES = 10_000
"""Pieces that one text is taken apart into."""


def matches(pattern: str, text: str, ev: Evaluator) -> bool | None:
    """Whether a pattern is found in a text; None where that is not tried."""
    found = compiled(pattern)
    if found is None or not found.tried(text):
        return None
    ev.work -= found.steps(len(text)) // SEARCHED
    return found.pattern.search(text) is not None


SEARCHED = 4_000
"""Steps of a search that cost one of ours."""


def glob_matches(pattern: str, text: str) -> bool | None:
    """A shell glob over a text; alternatives `a|b` are the frontend's. None for a pattern that is not tried."""
    found = _glob(pattern)
    return None if found is None or len(text) > MAX_SUBJECT else found.fullmatch(text) is not None


@cache
def _glob(pattern: str) -> re.Pattern[str] | None:
    if len(pattern) > 100 or pattern.count("*") > 4:
        return None
    try:
        return re.compile(fnmatch.translate(pattern))
    except re.error:
        return None


def _flags(text: str) -> int:
    return (re.IGNORECASE if "i" in text else 0) | (re.MULTILINE if "m" in text else 0)


def _regex_of(value: Value | None) -> tuple[str, str] | None:
    """Pattern and flags of a regex object."""
    if isinstance(value, ObjectValue) and value.type == ".regex":
        pattern, flags = value.fields.get("0"), value.fields.get("1")
        if isinstance(pattern, Known):
            return pattern.text, flags.text if isinstance(flags, Known) else ""
    return None


def substitute(value: Value, pattern: str, flags: str, change: Value | None, *, every: bool, c: Context | None = None) -> Value:
    """Replace what matches a pattern in a text that is known; a text that could not be told stays so."""
    if isinstance(value, Choice):
        return choose(tuple(substitute(option, pattern, flags, change, every=every, c=c) for option in value.options), value.span, value.trail, value.fallback)
    if isinstance(value, Template | Resolved):
        return value
    found = compiled(pattern, _flags(flags))
    if not isinstance(value, Known) or found is None or not found.tried(value.text):
        return value if isinstance(value, Unknown) else Unknown("a text changed by a pattern", "other")
    if c is not None:
        c.ev.work -= found.steps(len(value.text)) // SEARCHED
    parts: list[Value] = []
    last = 0
    for hit in found.pattern.finditer(value.text):
        parts.append(piece(value, last, hit.start()))
        last = hit.end()
        if isinstance(change, FunctionValue) and c is not None:
            groups = tuple(Known(g) if g is not None else Known("", kind="null") for g in (hit.group(0), *hit.groups()))
            parts.append(scalar(c.invoke(change, *groups)))
        elif change is not None:
            parts.append(_expanded(scalar(change), hit))
        if not every:
            break
    if last == 0 and not parts:
        return value
    parts.append(piece(value, last, len(value.text)))
    return join(tuple(parts), value.span, value.trail)


_GROUP = re.compile(r"\$\{(\w+)\}|\$(\d+|&|<\w+>)|\\(\d)|\\g<(\w+)>")


def _expanded(change: Value, hit: re.Match[str]) -> Value:
    def fill(text: str) -> str:
        def group(ref: re.Match[str]) -> str:
            name = next(g for g in ref.groups() if g is not None).strip("<>")
            if name == "&":
                return hit.group(0)
            try:
                return hit.group(int(name) if name.isdigit() else name) or ""
            except (IndexError, re.error):
                return ref.group(0)

        return _GROUP.sub(group, text)

    return map_text(change, fill)


# -- texts ---------------------------------------------------------------------------------------------------------------------


def _replace(value: Value, old: Value | None, new: Value | None, count: int) -> Value:
    if isinstance(value, Choice):
        return choose(tuple(_replace(option, old, new, count) for option in value.options), value.span, value.trail, value.fallback)
    if isinstance(value, Resolved):
        return value
    if not isinstance(old, Known) or new is None or not old.text:
        return value if isinstance(value, Unknown) else Unknown("a text with something replaced", "other")
    change = scalar(new)
    if isinstance(value, Known):
        if old.text not in value.text:
            return value
        if value.text.count(old.text) > MAX_PIECES:
            return Unknown("a text with too much replaced in it", "bound", None, value.span)
        pieces = value.text.split(old.text, count if count > 0 else -1)
        parts: list[Value] = []
        for index, text in enumerate(pieces):
            if index:
                parts.append(change)
            parts.append(Known(text, value.span, value.trail if not index else ()))
        return join(tuple(parts), value.span)
    if isinstance(value, Template):
        return join(tuple(_replace(part, old, new, count) if isinstance(part, Known) else part for part in value.parts), value.span, value.trail)
    return value


def _decide(value: Value, test: Callable[[str], bool], c: Context) -> Value | None:
    """A yes-or-no question about a text; for a text with holes the known beginning and end are not enough, unless they answer yes."""
    if isinstance(value, Resolved) and value.result is not None:
        value = value.result
    if isinstance(value, Known):
        return Known("true" if test(value.text) else "false", c.span, (), "bool")
    if isinstance(value, Choice):
        answers = {answer.text if isinstance(answer := _decide(option, test, c), Known) else None for option in value.options}
        only = answers.pop() if len(answers) == 1 else None
        return Known(only, c.span, (), "bool") if only is not None else Unknown("a condition", "other", None, c.span)
    return None


def _about(c: Context, subject: Value | None, kind: str, what: Value | None) -> Value | None:
    if subject is None or not isinstance(what, Known):
        if isinstance(what, ListValue | Choice) and subject is not None:
            options = [i.value for i in what.items] if isinstance(what, ListValue) else list(what.options)
            answers = [_about(c, subject, kind, option) for option in options]
            if any(isinstance(a, Known) and a.text == "true" for a in answers):
                return Known("true", c.span, (), "bool")
            if answers and all(isinstance(a, Known) for a in answers):
                return Known("false", c.span, (), "bool")
        return Unknown("a condition", "other", None, c.span)
    text = what.text
    if isinstance(subject, Template):
        first, last = subject.parts[0], subject.parts[-1]
        if kind == "start" and isinstance(first, Known) and (first.text.startswith(text) or not text.startswith(first.text)):
            return Known("true" if first.text.startswith(text) else "false", c.span, (), "bool")
        if kind == "end" and isinstance(last, Known) and last.text.endswith(text):
            return Known("true", c.span, (), "bool")
        if kind == "in" and any(isinstance(part, Known) and text in part.text for part in subject.parts):
            return Known("true", c.span, (), "bool")
        return Unknown("a condition", "other", None, c.span)
    if isinstance(subject, ListValue):
        from stigmer_lint.flow import library

        answer = library._compare(c.ev, "in", what, subject)
        return Known("true" if answer else "false", c.span, (), "bool") if answer is not None else Unknown("a condition", "other", None, c.span)
    tests: dict[str, Callable[[str], bool]] = {
        "start": lambda t: t.startswith(text), "end": lambda t: t.endswith(text), "in": lambda t: text in t, "equal": lambda t: t.lower() == text.lower(),
    }
    return _decide(subject, tests[kind], c) or Unknown("a condition", "other", None, c.span)


def _trim(kind: str) -> Callable[[str, str | None], str]:
    def trim(text: str, what: str | None) -> str:
        match kind:
            case "prefix":
                return text.removeprefix(what or "")
            case "suffix":
                return text.removesuffix(what or "")
            case "left":
                return text.lstrip(what)
            case "right":
                return text.rstrip(what)
            case _:
                return text.strip(what)

    return trim


def _trimmed(c: Context, subject: Value | None, kind: str, what: Value | None) -> Value | None:
    if subject is None:
        return None
    known = what.text if isinstance(what, Known) else None
    trim = _trim(kind)
    subject = scalar(subject)
    if isinstance(subject, Template):
        parts = list(subject.parts)
        ends = {"prefix": (0,), "left": (0,), "suffix": (-1,), "right": (-1,)}.get(kind, (0, -1))
        for end in ends:
            part = parts[end]
            if isinstance(part, Known):
                parts[end] = Known(trim(part.text, known), part.span, part.trail)
        return join(tuple(parts), subject.span, subject.trail)
    return map_text(subject, lambda t: trim(t, known), pieces=False)


def _split(c: Context, subject: Value | None, separator: Value | None, limit: int = -1, *, right: bool = False) -> Value | None:
    if subject is None:
        return None
    if isinstance(subject, Known) and isinstance(separator, Known) and separator.text:
        texts = subject.text.rsplit(separator.text, limit) if right else subject.text.split(separator.text, limit)
        if len(texts) > 2000:
            return Unknown("a long list", "bound")
        at = 0
        items: list[Item] = []
        for text in texts:
            start = subject.text.index(text, at) if text else at
            items.append(Item(piece(subject, start, start + len(text))))
            at = start + len(text)
        return ListValue(tuple(items), c.span)
    if isinstance(subject, Known | Template | Unknown) and (separator is None or (isinstance(separator, Known) and separator.text == " ")):
        return ListValue(words(subject), c.span)
    if isinstance(subject, Choice):
        lists = [_split(c, option, separator, limit, right=right) for option in subject.options]
        known = [one for one in lists if isinstance(one, ListValue)]
        if known:
            from stigmer_lint.flow.effects import merge_lists

            return merge_lists(known)
    return ListValue((Item(Unknown("a part of a text", "other"), False, True),), c.span)


def _joined(items: Value | None, separator: Value | None, span: Span) -> Value | None:
    if not isinstance(items, ListValue):
        return Unknown("joined from a list that could not be told", "other", None, span) if items is not None else None
    glue = scalar(separator) if separator is not None else Known("")
    parts: list[Value] = []
    for index, item in enumerate(items.items):
        if index:
            parts.append(glue)
        parts.append(scalar(item.value) if not item.rest else Unknown("further elements", "input"))
    return join(tuple(parts), span)


def _host_port(c: Context) -> Value | None:
    host, port = c.arg(0), c.arg(1)
    if host is None or port is None:
        return None
    wrapped = map_text(scalar(host), lambda t: f"[{t}]" if ":" in t and not t.startswith("[") else t, pieces=False)
    return join((wrapped, Known(":"), scalar(port)), c.span)


def _split_host_port(c: Context) -> Value | None:
    from stigmer_lint.flow.containers import SEVERAL

    value = c.arg(0)
    if isinstance(value, Known):
        host, colon, port = value.text.rpartition(":")
        ok = bool(colon) and (host.startswith("[") == host.endswith("]")) and (":" not in host.strip("[]") or host.startswith("["))
        results = (Known(host.strip("[]") if ok else "", value.span, value.trail), Known(port if ok else ""), Known("", kind="null") if ok else Known("missing port"))
        return ObjectValue(SEVERAL, MapValue(tuple(Entry(Known(str(i)), one) for i, one in enumerate(results))), c.span)
    return None


def _port_specs(c: Context) -> Value | None:
    """`nat.ParsePortSpecs([]string{"0.0.0.0:80:8080"})`: exposed ports, and bindings by container port, as go-connections gives them."""
    from stigmer_lint.flow.containers import SEVERAL

    specs = c.arg(0)
    if not isinstance(specs, ListValue):
        return None
    exposed: list[Entry] = []
    bindings: dict[str, list[Item]] = {}
    open_why: str | None = None
    for item in specs.items:
        if item.rest or not isinstance(item.value, Known):
            open_why = "a port that could not be told"
            continue
        spec, slash, protocol = item.value.text.partition("/")
        ip, _, rest = spec.rpartition(":")[0].rpartition(":")
        container = spec.rpartition(":")[2]
        host = rest if ":" in spec else ""
        key = f"{container}/{protocol if slash else 'tcp'}"
        exposed.append(Entry(Known(key, item.value.span), MapValue(())))
        bound = MapValue((Entry(Known("HostIP"), Known(ip.strip("[]"))), Entry(Known("HostPort"), Known(host, item.value.span))))
        bindings.setdefault(key, []).append(Item(bound))
    listed = tuple(Entry(Known(key), ListValue(tuple(items))) for key, items in bindings.items())
    results: tuple[Value, ...] = (MapValue(tuple(exposed), open_why), MapValue(listed, open_why), Known("", kind="null"))
    return ObjectValue(SEVERAL, MapValue(tuple(Entry(Known(str(i)), one) for i, one in enumerate(results))), c.span)


def _cut(c: Context) -> Value | None:
    from stigmer_lint.flow.containers import SEVERAL

    value, separator = c.arg(0), c.arg(1)
    if isinstance(value, Known) and isinstance(separator, Known):
        before, found, after = value.text.partition(separator.text)
        results = (
            piece(value, 0, len(before)), piece(value, len(value.text) - len(after), len(value.text)) if after else Known(""),
            Known("true" if found else "false", kind="bool"),
        )
        return ObjectValue(SEVERAL, MapValue(tuple(Entry(Known(str(i)), one) for i, one in enumerate(results))), c.span)
    return None


# -- environment ---------------------------------------------------------------------------------------------------------------


def _getenv(c: Context) -> Value | None:
    from stigmer_lint.flow import library

    name = c.arg(0, "key")
    if name is None:
        return None
    read = library.environment(c.ev, name, c.span)
    default = c.arg(1, "default")
    if default is None or (isinstance(default, Known) and default.kind == "null"):
        return read
    return choose((read, scalar(default)), c.span, (), 1) if not isinstance(default, ListValue | MapValue) else default


def _lookup_env(c: Context) -> Value | None:
    from stigmer_lint.flow import library
    from stigmer_lint.flow.containers import SEVERAL

    name = c.arg(0)
    if name is None:
        return None
    read = library.environment(c.ev, name, c.span)
    return ObjectValue(SEVERAL, MapValue((Entry(Known("0"), read), Entry(Known("1"), Unknown("whether it is set", "other")))), c.span)


def _found_program(c: Context) -> Value | None:
    """Where a program is (`command -v docker`, `which docker`, `shutil.which("docker")`): its name stands for the path."""
    words = [one for one in c.args if not (isinstance(one, Known) and one.text.startswith("-"))]
    if c.call.callee == Name(c.call.callee.span, "$command") and not (c.args and isinstance(c.args[0], Known) and c.args[0].text in ("-v", "-V")):
        return None
    return scalar(words[0]) if len(words) == 1 else None


def _look_path(c: Context) -> Value | None:
    """Go's exec.LookPath: the path and an error."""
    from stigmer_lint.flow.containers import SEVERAL

    found = c.arg(0)
    return ObjectValue(SEVERAL, MapValue((Entry(Known("0"), scalar(found)), Entry(Known("1"), Unknown("an error", "other")))), c.span) if found is not None else None


def _own_environment(c: Context) -> Value:
    return ListValue((Item(Unknown("the launching process's own environment", "env", None, c.span), True, True),), c.span)


def _pick_first(c: Context) -> Value | None:
    """cmp.Or and kin: the first argument that is not empty."""
    options: list[Value] = []
    for value in c.args:
        truth = truth_of(value)
        if truth is not False:
            options.append(value)
        if truth is True:
            break
    return choose(tuple(options), c.span, (), len(options) - 1) if options else Known("")


# -- lists and maps ------------------------------------------------------------------------------------------------------------


def _is_fresh(c: Context, expr: Expr) -> bool:
    """Whether an expression is a slice of a Go record that was made without it, and is nil: `c := &config{}; c.env = append(c.env, ...)`."""
    if not isinstance(expr, Attr):
        return False
    from stigmer_lint.flow import fields

    owner = c.ev.eval(expr.base, c.frame, c.at)
    if not isinstance(owner, ObjectValue) or owner.fields.open_why is not None or owner.fields.get(expr.name) is not None:
        return False
    handle = fields.class_of(c.ev, owner)
    declared = handle.decl.fields.get(expr.name) if handle is not None else None
    return declared is not None and declared.type.startswith("[]")


def _append(c: Context) -> Value | None:
    if not c.call.args:
        return None
    to = c.call.args[0].value
    base = ListValue(()) if _is_fresh(c, to) else c.ev.eval(to, c.frame, c.at)
    items: list[Item] = []
    for arg in c.call.args[1:]:
        value = c.ev.eval(arg.value, c.frame, c.at)
        items.extend(unfold(value) if arg.spread else (Item(value),))
    return ListValue((*(unfold(base)), *items), c.span)


def _concat_lists(c: Context) -> Value | None:
    items: list[Item] = []
    for value in ((c.receiver,) if c.receiver is not None else ()) + c.args:
        items.extend(value.items if isinstance(value, ListValue) else unfold(value) if isinstance(value, Unknown) else (Item(value),))
    return ListValue(tuple(items), c.span)


def _entries_of(c: Context) -> Value | None:
    value = c.arg(0) if c.receiver is None or isinstance(c.receiver, FunctionValue) else c.receiver
    if not isinstance(value, MapValue | ObjectValue | Choice):
        return ListValue((Item(pair(Unknown("a key", "input"), Unknown("a value", "input")), True, True),), c.span) if isinstance(value, Unknown) else None
    entries, why = spread_entries(value)
    last: dict[object, Entry] = {}
    for index, entry in enumerate(entries):
        last[entry.key.text if isinstance(entry.key, Known) else index] = entry
    # An entry that was deleted, or set to nothing, is not there.
    items = [Item(pair(e.key, e.value), e.maybe) for e in last.values() if not (isinstance(e.value, Known) and e.value.kind == "null")]
    if why is not None:
        items.append(Item(pair(Unknown(why, "input"), Unknown(why, "input")), True, True))
    return ListValue(tuple(items), c.span)


def _side_of(index: int) -> Handler:
    def side(c: Context) -> Value | None:
        found = _entries_of(c)
        if not isinstance(found, ListValue):
            return None
        return ListValue(tuple(Item(position(item.value, index), item.maybe, item.rest) for item in found.items), c.span)

    return side


def _merged(c: Context) -> Value | None:
    entries: list[Entry] = []
    why: str | None = None
    values = list(c.args)
    if c.receiver is not None and isinstance(c.receiver, MapValue):
        values.insert(0, c.receiver)
    for value in values:
        more, open_why = spread_entries(value)
        entries.extend(more)
        why = why or open_why
    entries.extend(Entry(Known(name), value) for name, value in c.keywords.items())
    return MapValue(tuple(entries), why, c.span)


def _from_entries(c: Context) -> Value | None:
    # `dict(image=..., environment=...)` has names alone.
    value = c.args[0] if c.args else MapValue((), None, c.span)
    entries, why = spread_entries(value)
    if isinstance(value, ListValue):
        why = why or next(("entries that could not be told" for i in value.items if i.rest), None)
    entries = (*entries, *(Entry(Known(name), v) for name, v in c.keywords.items()))
    return MapValue(entries, why, c.span)


def _js_map(c: Context) -> Value | None:
    """JavaScript's `new Map(pairs)`."""
    if not c.call.new:
        return None
    made = _from_entries(c)
    return MapValue(made.entries, made.open_why, made.span, made.trail, pairs=True) if isinstance(made, MapValue) else None


def _mapped(flat: bool) -> Handler:
    def mapped(c: Context) -> Value | None:
        if not isinstance(c.receiver, ListValue | MapValue | Choice | Unknown) or not c.args:
            return None
        items: list[Item] = []
        for index, (value, maybe, rest) in enumerate(rounds(c.receiver, False)):
            if index > 512:
                break
            result = c.invoke(c.args[0], value, Known(str(index), None, (), "num"))
            if flat and isinstance(result, ListValue):
                items.extend(Item(i.value, i.maybe or maybe, i.rest or rest) for i in result.items)
            else:
                items.append(Item(result, maybe, rest))
        return ListValue(tuple(items), c.span)

    return mapped


def _filtered(c: Context) -> Value | None:
    if not isinstance(c.receiver, ListValue) or not c.args:
        return None
    items: list[Item] = []
    for item in c.receiver.items:
        truth = truth_of(c.invoke(c.args[0], item.value)) if isinstance(c.args[0], FunctionValue) and c.args[0].name != "Boolean" else truth_of(item.value)
        if truth is not False:
            items.append(Item(item.value, item.maybe or truth is None, item.rest))
    return ListValue(tuple(items), c.span)


def _reduced(c: Context) -> Value | None:
    if not isinstance(c.receiver, ListValue) or len(c.args) < 2:
        return None
    value = c.args[1]
    for item in c.receiver.items[:512]:
        value = c.invoke(c.args[0], value, item.value)
    return value


def _tested(every: bool) -> Handler:
    def tested(c: Context) -> Value | None:
        if not isinstance(c.receiver, ListValue) or not c.args:
            return None
        answers = [truth_of(c.invoke(c.args[0], item.value)) for item in c.receiver.items[:128]]
        if (not every) in answers:
            return Known("false" if every else "true", c.span, (), "bool")
        return Known("true" if every else "false", c.span, (), "bool") if None not in answers else Unknown("a condition", "other", None, c.span)

    return tested


def _map_get(c: Context) -> Value | None:
    if not isinstance(c.receiver, MapValue) or not c.args:
        if isinstance(c.receiver, ObjectValue) and c.receiver.type in ("process.env", "os.environ"):
            return _getenv(c)
        return None
    found = element(c.receiver, c.args[0], c.span)
    default = c.arg(1, "default")
    if isinstance(found, Unknown) and default is not None:
        return default if c.receiver.open_why is None and isinstance(c.args[0], Known) else choose((found, scalar(default)), c.span, (), 1)
    if isinstance(found, Unknown) and c.receiver.open_why is None and isinstance(c.args[0], Known):
        return Known("", None, (), "null")
    return found


def _same(c: Context) -> Value | None:
    """The receiver, or the first argument, as it is."""
    return c.receiver if c.receiver is not None and not isinstance(c.receiver, FunctionValue) else c.arg(0)


def _text(c: Context) -> Value | None:
    value = c.arg(0)
    return scalar(value) if value is not None else Known("")


def _length(c: Context) -> Value | None:
    value = c.arg(0)
    if isinstance(value, Known) and value.kind in ("str", "null"):
        return Known(str(len(value.text)), c.span, (), "num")
    if isinstance(value, ListValue) and not any(item.rest or item.maybe for item in value.items):
        return Known(str(len(value.items)), c.span, (), "num")
    if isinstance(value, MapValue) and value.open_why is None and not any(entry.maybe for entry in value.entries):
        return Known(str(len(value.entries)), c.span, (), "num")
    return None


def _listed(c: Context) -> Value | None:
    value = c.arg(0)
    if value is None:
        return ListValue((), c.span)
    return value if isinstance(value, ListValue) else ListValue(unfold(value), c.span)


def _made(c: Context) -> Value | None:
    """Go's make: an empty map or list, by the type that is written."""
    kind = c.call.args[0].value if c.call.args else None
    text = kind.id if isinstance(kind, Name) else ""
    if isinstance(kind, Name) and not text.startswith(("[", "map[")):
        handle = c.ev.project.class_named(c.frame.unit, text)
        text = handle.decl.bases[0] if handle is not None and handle.decl.bases else text
    return MapValue((), None, c.span) if text.startswith("map[") or isinstance(kind, Attr) else ListValue((), c.span)


def _url(c: Context) -> Value | None:
    value = c.arg(0)
    return url_object(scalar(value), c.span) if value is not None else None


def _url_several(c: Context) -> Value | None:
    from stigmer_lint.flow.containers import SEVERAL

    value = _url(c)
    if value is None:
        return None
    return ObjectValue(SEVERAL, MapValue((Entry(Known("0"), value), Entry(Known("1"), Known("", kind="null")))), c.span)


def _unparse(c: Context) -> Value | None:
    value = c.arg(0)
    if isinstance(value, ListValue) and len(value.items) >= 5:
        return _assembled([scalar(item.value) for item in value.items[:3]], c.span)
    if isinstance(value, ObjectValue):
        return scalar(value)
    return None


def _assembled(parts: list[Value], span: Span) -> Value:
    scheme, netloc, path = parts
    return join((scheme, Known("://"), netloc, path), span)


def _url_replaced(c: Context) -> Value | None:
    if not isinstance(c.receiver, ObjectValue):
        return None
    entries = tuple(Entry(Known(name), value) for name, value in c.keywords.items())
    return ObjectValue(c.receiver.type, MapValue((*c.receiver.fields.entries, *entries), c.receiver.fields.open_why), c.span)


def _regex(c: Context) -> Value | None:
    return ObjectValue(".regex", MapValue(tuple(Entry(Known(str(i)), v) for i, v in enumerate(c.args[:2]))), c.span)


def _re_sub(c: Context) -> Value | None:
    pattern, change, subject = c.arg(0, "pattern"), c.arg(1, "repl"), c.arg(2, "string")
    if not isinstance(pattern, Known) or subject is None:
        return Unknown("a text changed by a pattern", "other", None, c.span)
    return substitute(scalar(subject), pattern.text, "i" if "flags" in c.keywords else "", change, every=c.arg(3, "count") is None, c=c)


def _re_test(c: Context) -> Value | None:
    pattern, subject = c.arg(0), c.arg(1)
    if isinstance(pattern, Known) and subject is not None:
        anchored = c.call.callee.name if isinstance(c.call.callee, Attr) else ""
        text = ("(?:" + pattern.text + ")") if anchored != "match" else "^(?:" + pattern.text + ")"
        if anchored == "fullmatch":
            text += "$"
        return _decide(subject, lambda t: bool(matches(text, t, c.ev)), c) or Unknown("a condition", "other", None, c.span)
    return Unknown("a condition", "other", None, c.span)


def _regex_method(c: Context) -> Value | None:
    """`test`, `MatchString`, `ReplaceAllString`, `sub`, `match`, `search` of a regex object."""
    regex = _regex_of(c.receiver)
    if regex is None:
        return None
    pattern, flags = regex
    method = c.call.callee.name if isinstance(c.call.callee, Attr) else ""
    if method in ("ReplaceAllString", "ReplaceAllLiteralString"):
        subject, change = c.arg(0), c.arg(1)
    elif method in ("sub",):
        change, subject = c.arg(0), c.arg(1)
    else:
        subject = c.arg(0)
        if subject is None:
            return None
        text = "^(?:" + pattern + ")" if method == "match" and c.frame.unit.language == "python" else pattern
        insensitive = compiled(text, _flags(flags))
        if insensitive is None:
            return Unknown("a condition", "other", None, c.span)
        return _decide(subject, lambda t: insensitive.tried(t) and insensitive.pattern.search(t) is not None, c) or Unknown("a condition", "other", None, c.span)
    return substitute(scalar(subject), pattern, flags, change, every=True, c=c) if subject is not None else None


def _js_replace(every: bool) -> Handler:
    def replace(c: Context) -> Value | None:
        if c.receiver is None or isinstance(c.receiver, FunctionValue | ListValue | MapValue):
            return None
        if isinstance(c.receiver, ObjectValue) and c.receiver.type != ".url":
            return None
        subject = scalar(c.receiver)
        old, new = c.arg(0), c.arg(1)
        regex = _regex_of(old)
        if regex is not None:
            return substitute(subject, regex[0], regex[1], new, every="g" in regex[1] or every, c=c)
        all_of_them = every or c.frame.unit.language == "python"
        limit = c.arg(2)
        count = int(limit.text) if isinstance(limit, Known) and limit.text.isdigit() else 0 if all_of_them else 1
        return _replace(subject, old, new, count)

    return replace


def _go_replace(every: bool) -> Handler:
    def replace(c: Context) -> Value | None:
        subject = c.arg(0)
        if subject is None:
            return None
        limit = c.arg(3)
        count = int(limit.text) if not every and isinstance(limit, Known) and limit.text.isdigit() else 0
        return _replace(scalar(subject), c.arg(1), c.arg(2), count)

    return replace


def _replacer(c: Context) -> Value | None:
    """strings.NewReplacer(a, b, ...).Replace(s): the receiver remembers the pairs."""
    if not isinstance(c.receiver, ObjectValue) or "NewReplacer" not in c.receiver.type:
        return None
    value = c.arg(0)
    given = [e.value for e in c.receiver.fields.entries if isinstance(e.key, Known) and e.key.text.isdigit()]
    result = scalar(value) if value is not None else None
    for old, new in zip(given[::2], given[1::2], strict=False):
        result = _replace(result, old, new, 0) if result is not None else None
    return result


# -- special forms -------------------------------------------------------------------------------------------------------------


def _substitution(ev: Evaluator, call: Call, frame: Frame, at: Stmt | None) -> Value | None:
    """A shell command substitution."""
    from stigmer_lint.flow import library

    if not call.args:
        return Known("")
    inner: Expr = call.args[0].value
    if isinstance(inner, Call) and isinstance(inner.callee, Name):
        command = inner.callee.id
        if command == "$uname":
            return library.constant(ev, "$uname", ev.span(call, frame))
        if command in ("$echo", "$printf"):
            return echo(ev, inner, frame, at)
        if command == "$pipe":
            return _piped(ev, inner, frame, at)
        return library.call(ev, inner, frame, at)
    if isinstance(inner, Function):
        from stigmer_lint.flow.frame import Frame as Activation

        return library.printed(ev, Activation(inner.decl, {"*bound*": Known("")}, outer=frame, at=at, depth=frame.depth + 1))
    return Unknown("a command's output", "call", None, ev.span(call, frame))


_SED = re.compile(r"s([/|#,@!])((?:\\.|(?!\1).)*)\1((?:\\.|(?!\1).)*)\1([gI]*)")


def _piped(ev: Evaluator, call: Call, frame: Frame, at: Stmt | None) -> Value | None:
    """The output of a pipeline whose first command prints a text that sed, tr or awk then change."""
    from stigmer_lint.flow import library

    value: Value | None = None
    for index, arg in enumerate(call.args):
        command = arg.value
        if not isinstance(command, Call) or not isinstance(command.callee, Name):
            return Unknown("output of a pipeline", "call", None, ev.span(call, frame))
        name = command.callee.id
        if index == 0:
            value = echo(ev, command, frame, at) if name in ("$echo", "$printf") else library.call(ev, command, frame, at)
            if name == "$uname":
                value = library.constant(ev, "$uname", ev.span(call, frame))
        elif name == "$sed" and value is not None:
            args, _, _ = library.evaluated(ev, command.args, frame, at)
            for script in args:
                if isinstance(script, Known):
                    for change in _SED.finditer(script.text):
                        value = substitute(scalar(value), change.group(2).replace("\\/", "/"), change.group(4), Known(change.group(3).replace("\\/", "/")), every="g" in change.group(4))
                elif isinstance(script, Template):
                    return Unknown("output of sed", "call", None, ev.span(call, frame))
        elif name == "$tr" and value is not None:
            args, _, _ = library.evaluated(ev, command.args, frame, at)
            if len(args) == 2 and isinstance(args[0], Known) and "upper" in args[0].text:
                value = map_text(value, str.lower)
        elif name in ("$head", "$tail", "$xargs", "$cat"):
            continue
        else:
            return Unknown(f"output of {name[1:]}", "call", name, ev.span(call, frame))
    return value


def _required(ev: Evaluator, call: Call, frame: Frame, at: Stmt | None) -> Value | None:
    return ev.eval(call.args[0].value, frame, at) if call.args else None


def _shell_replaced(count: int) -> Special:
    def change(ev: Evaluator, call: Call, frame: Frame, at: Stmt | None) -> Value | None:
        values = [ev.eval(arg.value, frame, at) for arg in call.args]
        return _replace(scalar(values[0]), values[1], values[2], count) if len(values) >= 3 else None

    return change


def _shell_stripped(ev: Evaluator, call: Call, frame: Frame, at: Stmt | None) -> Value | None:
    """`${X#pattern}` and `${X%pattern}`: arguments are X, the operator and the pattern."""
    values = [ev.eval(arg.value, frame, at) for arg in call.args]
    if len(values) < 3 or not isinstance(values[1], Known) or not isinstance(values[2], Known):
        return values[0] if values and isinstance(values[0], Unknown) else Unknown("a part of a text", "other", None, ev.span(call, frame))
    operator, pattern = values[1].text, values[2].text
    longest = len(operator) > 1

    def strip(text: str) -> str:
        if len(text) > MAX_SUBJECT:
            return text
        ends = range(len(text), -1, -1) if longest else range(len(text) + 1)
        if operator.startswith("#"):
            return next((text[end:] for end in ends if glob_matches(pattern, text[:end])), text)
        starts = range(len(text) + 1) if longest else range(len(text), -1, -1)
        return next((text[:start] for start in starts if glob_matches(pattern, text[start:])), text)

    subject = scalar(values[0])
    return map_text(subject, strip, pieces=False) if isinstance(subject, Known | Choice) else Unknown("a part of a text", "other", None, ev.span(call, frame))


SPECIAL: dict[str, Special] = {
    "$(": _substitution, "$pipe": _piped, "$require": _required, "$replace": _shell_replaced(1), "$replace_all": _shell_replaced(0),
    "$strip": _shell_stripped,
}

CONVERSIONS = frozenset({
    "container.NetworkMode", "container.IpcMode", "container.PidMode", "container.UTSMode", "container.UsernsMode", "container.RestartPolicyMode", "container.Isolation",
    "nat.Port", "strslice.StrSlice", "mount.Type", "network.Port",
})
"""Go types of the engine's client by package and name: what looks like a call of them is a conversion."""

FUNCTIONS: dict[str, Handler] = {
    # Go
    "fmt.Sprintf": lambda c: printf(c.args[0], list(c.args[1:]), None, c.span) if c.args else None,
    "fmt.Errorf": lambda c: Unknown("an error", "other"),
    "errors.New": lambda c: Unknown("an error", "other"),
    "fmt.Sprint": lambda c: join(tuple(scalar(a) for a in c.args), c.span),
    "append": _append, "make": _made, "len": _length, "slices.Concat": lambda c: _concat_lists(c), "slices.Clone": _same, "maps.Clone": _same,
    "os/exec.LookPath": _look_path, "$command": _found_program, "$which": _found_program, "$type": _found_program, "shutil.which": _found_program, "which.sync": _found_program,
    "os.Getenv": _getenv, "os.LookupEnv": _lookup_env, "os.Environ": _own_environment, "syscall.Getenv": _lookup_env,
    "os.ExpandEnv": lambda c: Unknown("an expanded text", "env"), "cmp.Or": _pick_first,
    "github.com/docker/go-connections/nat.ParsePortSpecs": _port_specs, "net.JoinHostPort": _host_port, "net.SplitHostPort": _split_host_port, "strings.Cut": _cut,
    "strings.Replace": _go_replace(False), "strings.ReplaceAll": _go_replace(True),
    "strings.Contains": lambda c: _about(c, c.arg(0), "in", c.arg(1)), "strings.HasPrefix": lambda c: _about(c, c.arg(0), "start", c.arg(1)),
    "strings.HasSuffix": lambda c: _about(c, c.arg(0), "end", c.arg(1)), "strings.EqualFold": lambda c: _about(c, c.arg(0), "equal", c.arg(1)),
    "maps.Keys": _side_of(0), "maps.Values": _side_of(1), "golang.org/x/exp/maps.Keys": _side_of(0), "github.com/samber/lo.Keys": _side_of(0),
    "slices.Sorted": _listed, "slices.Collect": _listed, "slices.Values": _listed,
    "slices.Contains": lambda c: _about(c, c.arg(0), "in", c.arg(1)),
    "strings.TrimPrefix": lambda c: _trimmed(c, c.arg(0), "prefix", c.arg(1)), "strings.TrimSuffix": lambda c: _trimmed(c, c.arg(0), "suffix", c.arg(1)),
    "strings.TrimSpace": lambda c: _trimmed(c, c.arg(0), "both", None), "strings.Trim": lambda c: _trimmed(c, c.arg(0), "both", c.arg(1)),
    "strings.TrimRight": lambda c: _trimmed(c, c.arg(0), "right", c.arg(1)), "strings.TrimLeft": lambda c: _trimmed(c, c.arg(0), "left", c.arg(1)),
    "strings.ToLower": lambda c: map_text(c.args[0], str.lower) if c.args else None, "strings.ToUpper": lambda c: map_text(c.args[0], str.upper) if c.args else None,
    "strings.Split": lambda c: _split(c, c.arg(0), c.arg(1)), "strings.SplitN": lambda c: _split(c, c.arg(0), c.arg(1), _limit(c.arg(2))),
    "strings.Fields": lambda c: _split(c, c.arg(0), None), "strings.Join": lambda c: _joined(c.arg(0), c.arg(1), c.span),
    "net/url.Parse": _url_several, "net/url.ParseRequestURI": _url_several, "regexp.MustCompile": _regex,
    **{
        f"github.com/compose-spec/compose-go/{version}types.{name}": _same
        for version in ("", "v2/") for name in ("NewMappingWithEquals", "NewMapping", "Mapping", "MappingWithEquals")
    },
    "strconv.Itoa": _text, "strconv.FormatInt": _text, "pkg.Ptr": _same, "to.Ptr": _same, "ptr.To": _same, "github.com/AlekSi/pointer.ToString": _same,
    # Python
    "os.getenv": _getenv, "os.environ.get": _getenv, "os.environ.setdefault": _getenv, "os.environ.pop": _getenv, "os.environ.copy": lambda c: _environ_map(c),
    "dict": _from_entries, "list": _listed, "tuple": _listed, "sorted": _listed, "set": _listed, "str": _text, "int": _text, "float": _text, "|": _merged,
    "textwrap.dedent": _same, "inspect.cleandoc": _same, "copy.copy": _same, "copy.deepcopy": _same, "typing.cast": lambda c: c.arg(1), "re.sub": _re_sub, "re.search": _re_test, "re.match": _re_test,
    "re.fullmatch": _re_test, "re.compile": _regex, "urllib.parse.urlparse": _url, "urllib.parse.urlsplit": _url, "urllib.parse.urlunparse": _unparse,
    "urllib.parse.urlunsplit": _unparse, "shlex.split": lambda c: _split(c, c.arg(0), None), "shlex.quote": _same, "shlex.join": lambda c: _joined(c.arg(0), Known(" "), c.span),
    "pathlib.Path": _text, "os.path.expanduser": _same, "enumerate": lambda c: _enumerated(c), "itertools.chain": _concat_lists,
    "itertools.chain.from_iterable": lambda c: _flattened(c.arg(0), c.span), "sum": lambda c: _flattened(c.arg(0), c.span) if isinstance(c.arg(1), ListValue) else None,
    "platform.system": lambda c: _platform(c, "platform.system()"),
    # JavaScript
    "Object.entries": _entries_of, "Object.keys": _side_of(0), "Object.values": _side_of(1), "Object.assign": _merged, "Object.fromEntries": _from_entries, "Map": _js_map,
    "util.promisify": _same, "Object.freeze": _same, "structuredClone": _same, "String": _text, "Number": _text, "parseInt": _text, "Array.from": _listed, "Array": _listed,
    "os.platform": lambda c: _platform(c, "os.platform()"), "os.type": lambda c: _platform(c, "os.type()"), "URL": _url, "url.URL": _url, "$regex": _regex,
    "RegExp": _regex, "Promise.resolve": _same, "Promise.all": _same, "encodeURIComponent": _text,
    "path.join": lambda c: _joined(ListValue(tuple(Item(a) for a in c.args)), Known("/"), c.span),
    "os.path.join": lambda c: _joined(ListValue(tuple(Item(a) for a in c.args)), Known("/"), c.span),
    "path/filepath.Join": lambda c: _joined(ListValue(tuple(Item(a) for a in c.args)), Known("/"), c.span),
}


def _flattened(value: Value | None, span: Span) -> Value | None:
    """The items of the lists of a list in a row; what is no list, as far as that could be told, is one item."""
    if not isinstance(value, ListValue):
        return None
    items: list[Item] = []
    for item in value.items:
        if isinstance(item.value, ListValue):
            items.extend(Item(one.value, one.maybe or item.maybe, one.rest or item.rest) for one in item.value.items)
        else:
            items.append(item if isinstance(item.value, Known) else Item(item.value, item.maybe, rest=True))
    return ListValue(tuple(items), span)


def _environ_map(c: Context) -> Value:
    return MapValue((), "the launching process's own environment", c.span)


def _platform(c: Context, text: str) -> Value | None:
    from stigmer_lint.flow import library

    return library.constant(c.ev, text, c.span)


def _enumerated(c: Context) -> Value | None:
    value = c.arg(0)
    if not isinstance(value, ListValue):
        return None
    return ListValue(tuple(Item(pair(Known(str(i), kind="num"), item.value), item.maybe, item.rest) for i, item in enumerate(value.items)), c.span)


def _limit(value: Value | None) -> int:
    return max(int(value.text) - 1, 0) if isinstance(value, Known) and value.text.isdigit() else -1


def _of_text(handler: Handler) -> Handler:
    """Only where the receiver is a text: lists and maps have methods of the same name."""

    def guarded(c: Context) -> Value | None:
        return handler(c) if isinstance(c.receiver, Known | Template | Choice | Resolved | Unknown) else None

    return guarded


def _of_list(handler: Handler) -> Handler:
    def guarded(c: Context) -> Value | None:
        return handler(c) if isinstance(c.receiver, ListValue) else None

    return guarded


def _join_method(c: Context) -> Value | None:
    if isinstance(c.receiver, ListValue):
        return _joined(c.receiver, c.arg(0) or Known(","), c.span)
    if isinstance(c.receiver, Known):
        return _joined(c.arg(0), c.receiver, c.span)
    return None


def _slice_method(c: Context) -> Value | None:
    if isinstance(c.receiver, ListValue) and not c.args:
        return c.receiver
    start = c.text(0) or "0"
    if isinstance(c.receiver, ListValue) and start.isdigit() and len(c.args) == 1:
        return ListValue(c.receiver.items[int(start) :], c.span)
    return None


def _contains_method(c: Context) -> Value | None:
    if isinstance(c.receiver, ListValue | Choice | Known | Template | Resolved):
        what = c.arg(0)
        if isinstance(c.receiver, ListValue) and isinstance(what, Known):
            return _about(c, c.receiver, "in", what)
        if isinstance(c.receiver, ListValue) and isinstance(what, Choice | Template | Unknown | Resolved):
            return Unknown("a condition", "other", None, c.span)
        return _about(c, c.receiver, "in", what)
    return None


def _shorter(c: Context) -> Value | None:
    if isinstance(c.receiver, ListValue):
        if c.call.args:
            return None
        return c.receiver.items[-1].value if c.receiver.items else Unknown("an element", "other")
    return _map_get(c) if isinstance(c.receiver, MapValue) else None


METHODS: dict[str, Handler] = {
    # texts
    "format": lambda c: brace_format(c.receiver, c.args, c.keywords, c.span) if isinstance(c.receiver, Known) else None,
    "replace": _js_replace(False), "replaceAll": _js_replace(True), "Replace": _replacer,
    "startswith": _of_text(lambda c: _about(c, c.receiver, "start", c.arg(0))), "startsWith": _of_text(lambda c: _about(c, c.receiver, "start", c.arg(0))),
    "endswith": _of_text(lambda c: _about(c, c.receiver, "end", c.arg(0))), "endsWith": _of_text(lambda c: _about(c, c.receiver, "end", c.arg(0))),
    "includes": _contains_method, "__contains__": _contains_method, "has": _contains_method,
    "strip": _of_text(lambda c: _trimmed(c, c.receiver, "both", c.arg(0))), "trim": _of_text(lambda c: _trimmed(c, c.receiver, "both", None)),
    "rstrip": _of_text(lambda c: _trimmed(c, c.receiver, "right", c.arg(0))), "lstrip": _of_text(lambda c: _trimmed(c, c.receiver, "left", c.arg(0))),
    "trimEnd": _of_text(lambda c: _trimmed(c, c.receiver, "right", None)), "removeprefix": _of_text(lambda c: _trimmed(c, c.receiver, "prefix", c.arg(0))),
    "removesuffix": _of_text(lambda c: _trimmed(c, c.receiver, "suffix", c.arg(0))),
    "lower": _of_text(lambda c: map_text(c.receiver or Known(""), str.lower)), "toLowerCase": _of_text(lambda c: map_text(c.receiver or Known(""), str.lower)),
    "upper": _of_text(lambda c: map_text(c.receiver or Known(""), str.upper)), "toUpperCase": _of_text(lambda c: map_text(c.receiver or Known(""), str.upper)),
    "split": _of_text(lambda c: _split(c, c.receiver, c.arg(0), int(t) if (t := c.text(1)) and t.isdigit() and c.frame.unit.language == "python" else -1)),
    "rsplit": _of_text(lambda c: _split(c, c.receiver, c.arg(0), int(t) if (t := c.text(1)) and t.isdigit() else -1, right=True)),
    "encode": _of_text(_same), "decode": _of_text(_same), "toString": _of_text(_same), "String": _of_text(_same), "valueOf": _same,
    "test": _regex_method, "MatchString": _regex_method, "ReplaceAllString": _regex_method, "ReplaceAllLiteralString": _regex_method, "sub": _regex_method,
    "search": _regex_method, "match": _regex_method, "_replace": _url_replaced,
    # lists
    "join": _join_method, "concat": _of_list(_concat_lists), "map": _mapped(False), "flatMap": _mapped(True), "filter": _filtered, "reduce": _reduced,
    "some": _tested(False), "every": _tested(True), "slice": _slice_method, "flat": _of_list(lambda c: _flattened(c.receiver, c.span)), "sort": _of_list(_same), "reverse": _of_list(_same),
    "toArray": _of_list(_same),
    # maps
    "items": _entries_of, "entries": _entries_of, "keys": _side_of(0), "values": _side_of(1), "get": _map_get, "pop": _shorter,
    "copy": lambda c: c.receiver if isinstance(c.receiver, MapValue | ListValue) else None,
    "then": lambda c: c.invoke(c.args[0], c.receiver) if c.receiver is not None and c.args and isinstance(c.args[0], FunctionValue) and not isinstance(c.receiver, ObjectValue) else None,
}
