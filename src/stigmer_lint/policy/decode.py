"""From YAML nodes to the policy's types, collecting every problem with its place.

Texts are taken as they are written: `off` is the word, not a boolean, and `8080` is the text of a variable.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Any, Final, TypeAlias, get_args

import msgspec
from msgspec import inspect

from stigmer_lint.errors import PolicyError
from stigmer_lint.frontends.yaml_nodes import Mapping, Node, Scalar, Sequence, merged
from stigmer_lint.model.launch import PLATFORMS
from stigmer_lint.model.span import SourceFile, Span
from stigmer_lint.policy.types import EnvRole, IdiomLanguage, LauncherPart, Policy, RuleLevel

MAX_PROBLEMS: Final = 50
"""Problems that are shown; the rest is counted."""

Positions: TypeAlias = dict[str, Span]

_INT: Final = re.compile(r"[+-]?[0-9]{1,18}\Z")
_BOOLS: Final = {"true": True, "false": False}


_ORDER: Final = {name: rank for rank, name in enumerate((*PLATFORMS, *get_args(RuleLevel), *get_args(EnvRole), *get_args(LauncherPart), *get_args(IdiomLanguage)))}


class Problem(msgspec.Struct, frozen=True):
    """One thing that is wrong. `key` is dotted, "" for the file itself."""

    span: Span
    key: str
    text: str


class Problems:
    """What has been found wrong so far."""

    def __init__(self) -> None:
        self.found: list[Problem] = []

    def add(self, span: Span, key: str, text: str) -> None:
        """Note a problem; the same one at the same place is noted once."""
        problem = Problem(span, key, text)
        if problem not in self.found[-3:]:
            self.found.append(problem)

    def error(self, sources: Iterable[SourceFile]) -> PolicyError:
        """The error that tells all of them: one line each, in the order of the files."""
        files = {source.path: (index, source) for index, source in enumerate(sources)}
        ordered = sorted(self.found, key=lambda one: (files[one.span.path][0], one.span.start))
        lines = []
        for problem in ordered[:MAX_PROBLEMS]:
            at = files[problem.span.path][1].position(problem.span.start)
            subject = f"{_short(problem.key)}: " if problem.key else ""
            lines.append(f"{_plain(problem.span.path)}:{at.line}:{at.column}: {subject}{_plain(problem.text)}")
        if len(ordered) > MAX_PROBLEMS:
            lines.append(f"and {len(ordered) - MAX_PROBLEMS} more")
        return PolicyError("\n".join(lines))


def _plain(text: str) -> str:
    """One line without control characters, whatever the file quoted holds."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text)


def _short(text: str) -> str:
    text = _plain(text)
    return text if len(text) <= 120 else f"{text[:117]}..."


def nearest(name: str, known: Collection[str]) -> str | None:
    """The known name that `name` was probably meant to be, None where nothing is close."""
    import difflib

    folded = {one.casefold().replace("-", "_"): one for one in known}
    found = difflib.get_close_matches(name.casefold().replace("-", "_")[:80], folded, 1, 0.6)
    return folded[found[0]] if found else None


def unknown(name: str, known: Collection[str], noun: str) -> str:
    """The sentence for a name that is none of `known`."""
    close = nearest(name, known)
    if close is not None:
        return f"unknown {noun} '{_short(name)}'; did you mean '{close}'?"
    return f"unknown {noun} '{_short(name)}'; expected {one_of(known)}"


def one_of(names: Collection[str]) -> str:
    """`a`, `a or b`, `one of a, b, c`; a long list is cut."""
    shown = [str(name) for name in names]
    if len(shown) > 20:
        shown = [*shown[:20], "..."]
    if not shown:
        return "none (there are none)"
    return shown[0] if len(shown) == 1 else " or ".join(shown) if len(shown) == 2 else "one of " + ", ".join(shown)


def choices(kind: inspect.LiteralType) -> list[bool | str | int | None]:
    """The values of an enumeration in the order in which the types name them (msgspec gives them sorted)."""
    return sorted(kind.values, key=lambda value: _ORDER.get(str(value), -1))


def decode(root: Mapping, problems: Problems) -> tuple[Policy | None, Positions]:
    """The policy (None where it cannot be made; then there is a problem) and the place of every dotted key."""
    reader = _Reader(problems)
    value = reader.value(inspect.type_info(Policy), root, "", root.span)
    return (value if isinstance(value, Policy) else None), reader.positions


def repeated(root: Mapping, problems: Problems) -> None:
    """Note keys that one mapping has twice, and keys that are no texts."""
    waiting: list[tuple[Node, str]] = [(root, "")]
    visited: set[int] = set()
    while waiting:
        node, key = waiting.pop()
        if isinstance(node, Scalar) or id(node) in visited:
            continue
        visited.add(id(node))
        if isinstance(node, Sequence):
            waiting.extend((item, f"{key}.{index}") for index, item in enumerate(node.items))
            continue
        seen: set[str] = set()
        for name, value in node.pairs:
            if not isinstance(name, Scalar):
                problems.add(name.span, key, "expected a text as key")
                continue
            inner = f"{key}.{name.text}" if key else name.text
            if name.text in seen:
                problems.add(name.span, inner, "this key is given twice")
            seen.add(name.text)
            waiting.append((value, inner))


class _Bad:
    """Stands for a value that could not be decoded; its problem is noted."""


_BAD: Final = _Bad()


class _Reader:
    """Recursion follows the nesting of the types, which is fixed; a node that is deeper than its type is a problem."""

    def __init__(self, problems: Problems) -> None:
        self.problems = problems
        self.positions: Positions = {}

    def value(self, kind: inspect.Type, node: Node, key: str, place: Span) -> Any:
        """The node as a value of the type, or `_BAD`. `place`: where to point when the node itself is a collection."""
        self.positions[key] = place
        if isinstance(kind, inspect.UnionType):
            return self._union(kind, node, key, place)
        if isinstance(kind, inspect.Metadata):
            return self.value(kind.type, node, key, place)
        if isinstance(node, Scalar) and node.is_null:
            return self._wrong(kind, node, key, place)
        if isinstance(kind, inspect.StructType):
            return self._struct(kind, node, key, place) if isinstance(node, Mapping) else self._wrong(kind, node, key, place)
        if isinstance(kind, inspect.DictType):
            return self._dict(kind, node, key, place) if isinstance(node, Mapping) else self._wrong(kind, node, key, place)
        if isinstance(kind, inspect.VarTupleType):
            return self._list(kind, node, key) if isinstance(node, Sequence) else self._wrong(kind, node, key, place)
        if not isinstance(node, Scalar):
            return self._wrong(kind, node, key, place)
        if isinstance(kind, inspect.StrType):
            return node.text
        if isinstance(kind, inspect.BoolType) and node.style == "plain" and node.text.lower() in _BOOLS:
            return _BOOLS[node.text.lower()]
        if isinstance(kind, inspect.IntType) and node.style == "plain" and _INT.match(node.text):
            return int(node.text)
        if isinstance(kind, inspect.LiteralType):
            return self._literal(kind, node, key)
        return self._wrong(kind, node, key, place)

    def _union(self, kind: inspect.UnionType, node: Node, key: str, place: Span) -> Any:
        options = [one for one in kind.types if not isinstance(one, inspect.NoneType)]
        if isinstance(node, Scalar) and node.is_null and len(options) < len(kind.types):
            return None
        fitting: list[inspect.Type]
        if isinstance(node, Mapping):
            fitting = [one for one in options if isinstance(one, (inspect.StructType, inspect.DictType))]
        elif isinstance(node, Sequence):
            fitting = [one for one in options if isinstance(one, inspect.VarTupleType)]
        else:
            scalars = (inspect.StrType, inspect.LiteralType, inspect.IntType, inspect.BoolType)
            fitting = [one for one in options if isinstance(one, scalars)]
            if isinstance(node, Scalar) and node.style == "plain" and _INT.match(node.text):
                fitting.sort(key=lambda one: not isinstance(one, inspect.IntType))
            elif len(fitting) > 1:
                fitting = [one for one in fitting if not isinstance(one, inspect.IntType)]
        if fitting and not (isinstance(node, Scalar) and node.is_null):
            return self.value(fitting[0], node, key, place)
        return self._wrong(kind, node, key, place)

    def _struct(self, kind: inspect.StructType, node: Mapping, key: str, place: Span) -> Any:
        fields = {field.encode_name: field for field in kind.fields}
        values: dict[str, Any] = {}
        bad: set[str] = set()
        for entry in merged(node):
            name = entry.key.text
            inner = f"{key}.{name}" if key else name
            field = fields.get(name)
            if field is None:
                self.problems.add(entry.key.span, inner, unknown(name, fields, "key"))
                continue
            value = self.value(field.type, entry.value, inner, _place(entry.key, entry.value))
            if value is _BAD:
                bad.add(name)
            else:
                values[field.name] = value
        for name, field in fields.items():
            if field.required and field.name not in values:
                if name not in bad:
                    self.problems.add(place, f"{key}.{name}" if key else name, f"missing; expected {expected(field.type)}")
                bad.add(name)
        if any(fields[name].required for name in bad):
            return _BAD
        return kind.cls(**values)

    def _dict(self, kind: inspect.DictType, node: Mapping, key: str, place: Span) -> Any:
        values: dict[Any, Any] = {}
        for entry in merged(node):
            name = entry.key.text
            inner = f"{key}.{name}"
            if isinstance(kind.key_type, inspect.LiteralType) and name not in kind.key_type.values:
                self.problems.add(entry.key.span, inner, unknown(name, [str(one) for one in choices(kind.key_type)], "key"))
                continue
            value = self.value(kind.value_type, entry.value, inner, _place(entry.key, entry.value))
            if value is not _BAD:
                values[name] = value
        return values

    def _list(self, kind: inspect.VarTupleType, node: Sequence, key: str) -> Any:
        values = [self.value(kind.item_type, item, f"{key}.{index}", item.span) for index, item in enumerate(node.items)]
        return tuple(value for value in values if value is not _BAD)

    def _literal(self, kind: inspect.LiteralType, node: Scalar, key: str) -> Any:
        for one in kind.values:
            if str(one) == node.text:
                return one
        self.problems.add(node.span, key, unknown(node.text, [str(one) for one in choices(kind)], "value"))
        return _BAD

    def _wrong(self, kind: inspect.Type, node: Node, key: str, place: Span) -> _Bad:
        self.problems.add(place, key, f"expected {expected(kind)}, found {_found(node)}")
        return _BAD


def expected(kind: inspect.Type) -> str:
    """What a type wants, for people."""
    if isinstance(kind, inspect.UnionType):
        return " or ".join(expected(one) for one in kind.types if not isinstance(one, inspect.NoneType))
    if isinstance(kind, inspect.StructType):
        return "a mapping with the keys " + ", ".join(field.encode_name for field in kind.fields)
    if isinstance(kind, inspect.DictType):
        return f"a mapping of names to {_plural(kind.value_type)}"
    if isinstance(kind, inspect.VarTupleType):
        return f"a list of {_plural(kind.item_type)}"
    if isinstance(kind, inspect.LiteralType):
        return one_of([str(value) for value in choices(kind)])
    if isinstance(kind, inspect.BoolType):
        return "true or false"
    return "a whole number" if isinstance(kind, inspect.IntType) else "a text"


def _plural(kind: inspect.Type) -> str:
    if isinstance(kind, inspect.UnionType):
        return " or ".join(_plural(one) for one in kind.types if not isinstance(one, inspect.NoneType))
    if isinstance(kind, inspect.StructType):
        return "mappings"
    if isinstance(kind, inspect.LiteralType):
        return f"values ({', '.join(str(value) for value in choices(kind))})"
    return "whole numbers" if isinstance(kind, inspect.IntType) else "texts"


def _found(node: Node) -> str:
    if isinstance(node, Mapping):
        return "a mapping"
    if isinstance(node, Sequence):
        return "a list"
    if node.is_null:
        return "nothing"
    return f"'{node.text[:40]}{'...' if len(node.text) > 40 else ''}'"


def _place(key: Scalar, value: Node) -> Span:
    """A collection starts on another line than its key, so its key is where people look."""
    return value.span if isinstance(value, Scalar) and not value.is_null else key.span
