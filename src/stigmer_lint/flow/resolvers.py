"""Resolvers: functions that turn host loopback into an address that a container can reach, recognised by running them on paper."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stigmer_lint.flow.frame import Frame
from stigmer_lint.flow.ir import FunctionDecl
from stigmer_lint.model.launch import Platform
from stigmer_lint.model.span import Span
from stigmer_lint.model.value import (
    Item,
    Known,
    ListValue,
    MapValue,
    ObjectValue,
    Resolved,
    Template,
    Unknown,
    Value,
    alternatives,
    render,
    text_of,
)
from stigmer_lint.model.world import Resolver, ResolverRow

if TYPE_CHECKING:
    from stigmer_lint.flow.evaluate import Evaluator

INPUTS = (
    "http://localhost:11434", "http://127.0.0.1:11434", "http://[::1]:11434", "http://0.0.0.0:11434", "https://localhost:8443", "localhost:7233",
    "127.0.0.1:7233", "localhost", "http://localhost", "http://mylocalhost:8080", "http://localhost.example.com:8080", "http://192.0.2.7:8080",
)
"""What every resolver is asked. The last three must come back as they are."""

ALIASES = (b"host.docker.internal", b"host.containers.internal", b"gateway.docker.internal", b"host.lima.internal", b"docker.for.mac", b"host.minikube.internal",
           b"host.k3d.internal", b"172.17.0.1", b"host.rancher-desktop.internal", b"host.openshell.internal")
"""Texts of which a file with a resolver, or one that it takes its alias from, holds one."""


def resolves(ev: Evaluator, decl: FunctionDecl) -> str | None:
    """The parameter that a function resolves: given a loopback address it answers, on macOS, with another host. None: it is no resolver."""
    known = ev.resolver_memo.get(id(decl))
    if known is not None:
        return known[0] if known else None
    ev.resolver_memo[id(decl)] = ()
    shell = decl.unit.language == "shell" and bool(decl.name)
    if not (shell or 1 <= len(decl.params) <= 4) or not _plausible(ev, decl):
        return None
    names = ["1"] if shell else [p.name for p in decl.params if not p.rest and p.pattern is None][:4]
    if ev.platform != "macos":
        other = ev.sibling("macos")
        found = resolves(other, decl)
        ev.resolver_memo[id(decl)] = (found,) if found else ()
        return found
    for name in names:
        for text in ("http://localhost:11434", "localhost:7233", "localhost"):
            answer = ask(ev, decl, name, text)
            if answer is not None and moved(answer, text):
                ev.resolver_memo[id(decl)] = (name,)
                return name
    return None


def _plausible(ev: Evaluator, decl: FunctionDecl) -> bool:
    """A cheap look: the function's own text speaks of loopback or an alias, and it is short."""
    source = ev.project.source(decl.unit.path)
    if source is None or decl.span[1] - decl.span[0] > 6000:
        return False
    text = source.data[decl.span[0] : decl.span[1]]
    speaks = b"localhost" in text or b"127.0.0.1" in text or b"oopback" in text
    return speaks and (any(alias in text for alias in ALIASES) or any(alias in source.data for alias in ALIASES) or b"ost" in text)


def ask(ev: Evaluator, decl: FunctionDecl, parameter: str, text: str) -> Value | None:
    """What the function answers for one text; None where it does not answer with a text. Other parameters take their defaults or stay open."""
    work = ev.work
    ev.work = min(ev.work, 4000)
    given = ev.work
    ev.judging += 1
    try:
        frame = Frame(decl, {parameter: Known(text), **({"@": ListValue((Item(Known(text)),))} if parameter == "1" else {})}, depth=2)
        answer = ev.enter(frame)
    finally:
        ev.judging -= 1
        ev.work = max(work - (given - ev.work), 0)
    if isinstance(answer, ObjectValue) and answer.type == "()":
        answer = answer.fields.get("0") or Unknown("nothing", "other")
    if isinstance(answer, ObjectValue) and answer.type == ".url":
        from stigmer_lint.flow.urls import text_of_url

        answer = text_of_url(answer)
    if isinstance(answer, ListValue | MapValue | ObjectValue):
        return None
    return answer


def moved(answer: Value, text: str) -> bool:
    """Whether one possible answer is the same address with another host that is not loopback."""
    from stigmer_lint.reachability import classify_address

    for option in alternatives(answer, 8):
        shown = option.text if isinstance(option, Known) else None
        if shown is None and isinstance(option, Template):
            first = option.parts[0]
            # "http://" + gateway + ":11434": a host that is found at run time
            if len(option.parts) >= 2 and all(isinstance(p, Known | Unknown) for p in option.parts):
                rest = "".join(p.text for p in option.parts if isinstance(p, Known))
                if "localhost" not in rest and "127.0.0.1" not in rest and (text.endswith(":11434") and rest.endswith(":11434")) and isinstance(first, Known):
                    return True
            continue
        if not shown or shown == text or " " in shown:
            continue
        address = classify_address(shown)
        if address is None or address.kind in ("loopback", "wildcard"):
            continue
        if address.kind in ("host-alias", "gateway-ip", "misspelt-alias"):
            return True
        if ":" in text and shown.endswith(text[text.rindex(":") :]) and address.kind in ("name", "ip"):
            return True
    return False


def judge(evaluators: dict[Platform, Evaluator], decl: FunctionDecl) -> Resolver | None:
    """The table of a resolver's answers, per platform and input; None where the function is no resolver."""
    first = evaluators["macos"]
    parameter = resolves(first, decl)
    if parameter is None:
        return None
    rows: list[ResolverRow] = []
    for platform, ev in evaluators.items():
        for text in INPUTS:
            ev.fresh()
            answer = ask(ev, decl, parameter, text)
            rows.append(ResolverRow(ev.platform, text, answer))
            assert platform == ev.platform
    if len({render(row.output) for row in rows if row.output is not None and row.platform == "linux"}) == 1 and all(row.output is not None for row in rows):
        # It answers the same whatever it is asked.
        return None
    return Resolver(decl.name, Span(decl.unit.path, *decl.name_span), tuple(rows), False, parameter)


__all__ = ["INPUTS", "Resolved", "ask", "judge", "moved", "resolves", "text_of"]
