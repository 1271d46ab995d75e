"""Places that replace loopback in an address by a host alias where they stand, outside any function of their own: `url.replace("localhost", alias)`.

They are judged as resolvers are: the replacements of one address in one function are run on paper, one after the other, over `resolvers.INPUTS`."""

from __future__ import annotations

import re

import msgspec

from stigmer_lint.addresses import addresses, addresses_of
from stigmer_lint.flow.evaluate import Evaluator
from stigmer_lint.flow.frame import Frame
from stigmer_lint.flow.ir import Attr, Call, Expr, FunctionDecl, Index, Name, Str
from stigmer_lint.flow.library import scalar
from stigmer_lint.flow.project import last_name
from stigmer_lint.flow.resolvers import INPUTS
from stigmer_lint.flow.walk import Place, dotted
from stigmer_lint.model.launch import Platform
from stigmer_lint.model.span import Span
from stigmer_lint.model.value import Known, Template, Unknown, Value, alternatives, render
from stigmer_lint.model.world import Resolver, ResolverRow

_NAMES = ("replace", "replaceAll", "Replace", "ReplaceAll", "ReplaceAllString", "ReplaceAllLiteralString", "sub")
REPLACING = re.compile(rb"\.(?:" + "|".join(_NAMES).encode() + rb")\(")
"""What a file holds that replaces text in a text."""

_ADDRESS = "{address}"
_USUAL = ("http://localhost:11434", "http://127.0.0.1:11434", "localhost")
MAX_REWRITES = 40
"""Replacements of one function that are looked at."""


class _Rewrite(msgspec.Struct, frozen=True):
    """`call` with the address in it taken out; `subject` is that address as the code writes it, `address` its expression."""

    place: Place
    call: Expr
    subject: str
    address: Expr


def rewrites(evaluators: dict[Platform, Evaluator], decl: FunctionDecl) -> list[Resolver]:
    """The resolvers that a function writes where it needs them, one per address that it rewrites. `evaluators`: one per platform."""
    first = next(iter(evaluators.values()))
    groups: dict[str, list[_Rewrite]] = {}
    inner: set[int] = set()
    here = first.project.places_of(decl)
    found = sorted((place for name in _NAMES for place in here.get(name, ())), key=lambda place: place.expr.span)
    for place in found[:MAX_REWRITES]:
        assert isinstance(place.expr, Call)
        if id(place.expr) in inner:
            continue
        taken = _without_address(place.expr, inner)
        if taken is not None:
            groups.setdefault(taken[1], []).append(_Rewrite(place, *taken))
    judged = (_judged(evaluators, subject, steps) for subject, steps in groups.items())
    return [one for one in judged if one is not None]


def _subject(call: Call) -> tuple[Expr, int | None] | None:
    """The text that a replacement is made in: an argument's index, or None where it is what the method is called on."""
    callee = call.callee
    if not isinstance(callee, Attr) or any(arg.spread or arg.name for arg in call.args):
        return None
    base, count = callee.base, len(call.args)
    library = isinstance(base, Name) and base.id in ("strings", "re", "regexp")
    match callee.name:
        case "Replace" | "ReplaceAll" if library and count >= 3:
            return call.args[0].value, 0
        case "ReplaceAllString" | "ReplaceAllLiteralString" if count == 2:
            return call.args[0].value, 0
        case "Replace" if count == 1:
            return call.args[0].value, 0
        case "sub" if library and count >= 3:
            return call.args[2].value, 2
        case "sub" if not library and count >= 2:
            return call.args[1].value, 1
        case "replace" | "replaceAll" if not library and 2 <= count <= 3:
            return base, None
        case _:
            return None


def _without_address(call: Call, inner: set[int]) -> tuple[Expr, str, Expr] | None:
    """The replacement with a placeholder for its address, and the address's own text and expression; chained replacements are one."""
    chain: list[tuple[Call, int | None]] = []
    here: Expr = call
    while isinstance(here, Call) and last_name(here.callee) in _NAMES:
        found = _subject(here)
        if found is None:
            break
        inner.add(id(here))
        chain.append((here, found[1]))
        here = found[0]
    if not chain or not isinstance(here, Name | Attr | Index):
        return None
    text = dotted(here)
    if text is None:
        return None
    result: Expr = Name(here.span, _ADDRESS)
    for one, index in reversed(chain):
        if index is None:
            assert isinstance(one.callee, Attr)
            result = msgspec.structs.replace(one, callee=msgspec.structs.replace(one.callee, base=result))
        else:
            args = list(one.args)
            args[index] = msgspec.structs.replace(args[index], value=result)
            result = msgspec.structs.replace(one, args=tuple(args))
    return result, text, here


def _judged(evaluators: dict[Platform, Evaluator], subject: str, steps: list[_Rewrite]) -> Resolver | None:
    """The answers to the table; None where no usual spelling of loopback comes out as an address of the host."""
    if not any((answer := _answer(evaluators["macos"], steps, text)) is not None and _moved(answer) for text in _USUAL):
        return None
    rows = [ResolverRow(platform, text, _answer(ev, steps, text)) for platform, ev in evaluators.items() for text in INPUTS]
    place = steps[0].place
    name = f"the replacement in {subject}" + (f" ({place.decl.name})" if place.decl.name else "")
    return Resolver(
        name, Span(place.decl.unit.path, *place.expr.span), tuple(rows), parameter=subject, inline=True, port_lost=_port_lost(evaluators["macos"], steps),
        foreign=_foreign(evaluators["macos"], steps[0]), plain=all(_is_plain(step.call) for step in steps),
    )


def _is_plain(call: Expr) -> bool:
    """Whether a replacement, outermost of a chain, is of a text as it stands: it cannot but keep the port."""
    if not isinstance(call, Call) or not isinstance(call.callee, Attr):
        return False
    if call.callee.name in ("replace", "replaceAll"):
        return bool(call.args) and isinstance(call.args[0].value, Str)
    return isinstance(call.callee.base, Name) and call.callee.base.id == "strings"


def _foreign(ev: Evaluator, step: _Rewrite) -> bool:
    """Whether nothing in the tree says what is replaced in: it is a parameter, a field or an input that people or other programs fill."""
    ev.fresh(4000)
    value = ev.eval(step.address, ev.frame_of(step.place, 2), step.place.stmt)
    options = list(alternatives(scalar(value), 8))
    return bool(options) and all(isinstance(option, Unknown) and option.kind in ("parameter", "field", "input", "env") for option in options)


def _moved(answer: Value) -> bool:
    """Whether one possible answer is an address of the host by an alias; what is only known at run time may be any host."""
    options = list(alternatives(answer, 8))
    return any(isinstance(option, Known) and any(one.kind == "host-alias" for one in addresses(option.text)) for option in options) or any(
        isinstance(option, Template) and any(located.address.kind == "host-alias" for located in addresses_of(option)) for option in options
    )


def _answer(ev: Evaluator, steps: list[_Rewrite], text: str) -> Value | None:
    value: Value = Known(text)
    for step in steps:
        if isinstance(value, Unknown):
            return None
        ev.fresh(4000)
        frame: Frame = ev.frame_of(step.place)
        ev.judging += 1
        try:
            value = scalar(ev.eval(step.call, frame.moment_of(step.place.stmt, {_ADDRESS: value}), step.place.stmt))
        finally:
            ev.judging -= 1
    return None if isinstance(value, Unknown) else value


def _port_lost(ev: Evaluator, steps: list[_Rewrite]) -> bool:
    """Whether two addresses that differ in the port alone come out as one."""
    for shape in ("http://localhost:{}", "http://127.0.0.1:{}"):
        one, other = (_answer(ev, steps, shape.format(port)) for port in ("11434", "8443"))
        if one is not None and other is not None and _moved(one) and render(one) == render(other):
            return True
    return False


__all__ = ["REPLACING", "rewrites"]
