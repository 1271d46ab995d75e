"""Flags and settings of Go programs that are asked for where they are needed: their defaults, which stand elsewhere.

Sources: pkg.go.dev/flag, github.com/spf13/pflag, github.com/spf13/viper ("Establishing Defaults"), cli.urfave.org ("Values"), github.com/alecthomas/kingpin.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stigmer_lint.flow.containers import SEVERAL, scalar
from stigmer_lint.flow.frame import Frame
from stigmer_lint.flow.ir import Attr, Call, Record, Stmt, Str
from stigmer_lint.flow.walk import dotted
from stigmer_lint.model.span import Span
from stigmer_lint.model.value import (
    Choice,
    Entry,
    Known,
    ListValue,
    MapValue,
    ObjectValue,
    Step,
    Template,
    Unknown,
    Value,
    choose,
    with_step,
)

if TYPE_CHECKING:
    from stigmer_lint.flow.evaluate import Evaluator

_MAKES = {"String": 1, "StringP": 2}
"""What makes a flag and gives a pointer to its value -> where its default stands among the arguments (name, [letter,] default, usage)."""
_SETS = {"String": (0, 1), "StringP": (0, 2), "StringVar": (1, 2), "StringVarP": (1, 3)}
"""The same of all that make one: where its name stands, and its default."""

METHODS = frozenset({*_MAKES, "GetString"})


def flag(ev: Evaluator, name: str, call: Call, receiver: Value | None, frame: Frame, at: Stmt | None, span: Span) -> Value | None:
    """The value of a flag or of a setting that a call asks for; None for a call of something else. `name`: the callee's dotted name."""
    method = name.rpartition(".")[2]
    if method in _MAKES and len(call.args) == _MAKES[method] + 2:
        return _flagged(ev, ev.eval(call.args[0].value, frame, at), ev.eval(call.args[_MAKES[method]].value, frame, at), span)
    if method == "String" and not call.args and isinstance(receiver, ObjectValue) and "kingpin" in receiver.type:
        return _kingpin(receiver, span)
    if not call.args or len(call.args) > 1:
        return None
    key = ev.eval(call.args[0].value, frame, at)
    if not isinstance(key, Known) or not key.text:
        return None
    if method == "GetString":
        base = (dotted(call.callee.base) or "") if isinstance(call.callee, Attr) else ""
        several = isinstance(call.callee, Attr) and isinstance(call.callee.base, Call) and dotted(call.callee.base.callee) is not None and (dotted(call.callee.base.callee) or "").endswith("lags")
        found = next(_set_defaults(ev, key.text), None) if not several else next(_made_flags(ev, key.text), None)
        if found is None or (not several and "viper" not in name and "viper" not in base and "onfig" not in base and base not in ("v", "vp")):
            return None
        value = _flagged(ev, key, found, span)
        return ObjectValue(SEVERAL, MapValue((Entry(Known("0"), value), Entry(Known("1"), Known("", kind="null")))), span) if several else value
    if method == "String":
        found = next(_listed_flags(ev, key.text), None)
        return _flagged(ev, key, found, span) if found is not None else None
    return None


def _flagged(ev: Evaluator, name: Value, default: Value, span: Span) -> Value:
    shown = name.text if isinstance(name, Known) else "a flag"
    default = scalar(default)
    if isinstance(default, Known | Template | Choice):
        default = with_step(default, Step(span, f"default of {shown}"))
    return choose((Unknown(f"flag {shown}", "input", shown, span), default), None, (), 1)


def _set_defaults(ev: Evaluator, key: str) -> Iterator[Value]:
    """viper: what `SetDefault(key, ...)` says anywhere."""
    for place in ev.project.used("SetDefault", "go"):
        call = place.expr
        if isinstance(call, Call) and len(call.args) == 2 and isinstance(call.args[0].value, Str) and call.args[0].value.text.lower() == key.lower():
            yield ev.eval(call.args[1].value, ev.frame_of(place), place.stmt)


def _made_flags(ev: Evaluator, key: str) -> Iterator[Value]:
    """pflag: the default with which a flag of this name is made anywhere."""
    for method, (named, default) in _SETS.items():
        for place in ev.project.used(method, "go"):
            call = place.expr
            if isinstance(call, Call) and len(call.args) == default + 2:
                name = call.args[named].value
                if isinstance(name, Str) and name.text == key:
                    yield ev.eval(call.args[default].value, ev.frame_of(place), place.stmt)


def _listed_flags(ev: Evaluator, key: str) -> Iterator[Value]:
    """urfave/cli: the `Value` of a `StringFlag` of this name anywhere."""
    for place in ev.project.used("StringFlag", "go"):
        record = place.expr
        if not isinstance(record, Record):
            continue
        fields = {pair.key.text: pair.value for pair in record.pairs if isinstance(pair.key, Str)}
        named = fields.get("Name")
        if isinstance(named, Str) and named.text == key and "Value" in fields:
            yield ev.eval(fields["Value"], ev.frame_of(place), place.stmt)


def _kingpin(receiver: ObjectValue, span: Span) -> Value | None:
    """`kingpin.Flag("url", "help").Default("http://...").String()`."""
    from stigmer_lint.flow.effects import CALLS

    past = receiver.fields.get(CALLS)
    calls = [item.value for item in past.items] if isinstance(past, ListValue) else []
    for call in reversed([receiver, *calls]):
        if isinstance(call, ObjectValue) and call.type.rpartition(".")[2] == "Default":
            found = call.fields.get("0")
            return choose((Unknown("a flag", "input", None, span), scalar(found)), None, (), 1) if found is not None else None
    return None


__all__ = ["METHODS", "flag"]
