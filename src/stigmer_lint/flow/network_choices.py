"""Conditions in launching code that are about the host's network: one that chooses it because an address is loopback, and one that finds out by the
spelling of a flag whether it was chosen.

`if host == "localhost": return "host"` is right on Linux alone. `[[ $PARAMS == *"--net=host"* ]]` misses `--network host`, which people write as well."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise

from stigmer_lint.addresses import classify_address
from stigmer_lint.dialled import unknown_parts
from stigmer_lint.flow.callers import call_sites
from stigmer_lint.flow.evaluate import Evaluator
from stigmer_lint.flow.frame import Frame
from stigmer_lint.flow.ir import Assign, Block, Call, Compare, Expr, FunctionDecl, If, ListOf, Name, Return, Stmt, Str
from stigmer_lint.flow.library import scalar
from stigmer_lint.flow.project import last_name
from stigmer_lint.flow.walk import dotted, expressions, own, statements, stops
from stigmer_lint.model.launch import Platform
from stigmer_lint.model.span import Span
from stigmer_lint.model.world import NetworkChoice

SPELLINGS = ("--net=host", "--network=host", "--net host", "--network host")
"""How `docker run` takes the host's network, https://docs.docker.com/reference/cli/docker/container/run/#network"""
CHOOSES = re.compile(rb"[\"']host[\"']|--net(?:work)?[= ]host")
"""What a file holds that chooses the host's network, or asks for it."""
_LOOPBACK = ("localhost", "127.0.0.1")
_CONTAINS = frozenset({"includes", "Contains", "contains", "startswith", "startsWith", "HasPrefix", "indexOf"})

MAX_CONDITIONS = 200
"""Conditions of one file that are looked at."""


def network_choices(evaluators: Mapping[Platform, Evaluator], path: str) -> list[NetworkChoice]:
    """The conditions of a file that are wrong, each with the platforms on which it is."""
    first = next(iter(evaluators.values()))
    unit, source = first.project.unit(path), first.project.source(path)
    if unit is None or source is None:
        return []
    found: list[NetworkChoice] = []
    looked = 0
    for decl in first.project.holding(unit, CHOOSES.finditer(source.data)):
        for stmt in statements(decl.body):
            if not isinstance(stmt, If):
                continue
            looked += 1
            if looked > MAX_CONDITIONS:
                return found
            chosen = _by_address(evaluators, decl, stmt) or _by_flag(first, decl, stmt)
            if chosen is not None:
                found.append(chosen)
    return found


def _by_address(evaluators: Mapping[Platform, Evaluator], decl: FunctionDecl, stmt: If) -> NetworkChoice | None:
    if not any(_asks_for(one, _LOOPBACK) for one in expressions(stmt.test)):
        return None
    for inner in stmt.then.stmts:
        written = _host_network(decl, inner)
        if written is None:
            continue
        platforms = tuple(platform for platform, ev in evaluators.items() if platform != "linux" and _gets_to(ev, decl, inner))
        return NetworkChoice(Span(decl.unit.path, *written.span), "address", decl.name, platforms) if platforms else None
    return None


def _asks_for(expr: Expr, texts: tuple[str, ...]) -> bool:
    """Whether an expression compares something with one of the texts, or looks for it there."""
    if isinstance(expr, Compare) and expr.op != "order":
        sides = (*expressions(expr.left), *expressions(expr.right))
        return any(isinstance(side, Str) and side.text.strip("*^$.").rpartition("/")[2] in texts for side in sides)
    return isinstance(expr, Call) and last_name(expr.callee) in _CONTAINS and any(isinstance(arg.value, Str) and arg.value.text in texts for arg in expr.args)


def _host_network(decl: FunctionDecl, stmt: Stmt) -> Str | None:
    """Where a statement says that the network is the host's: `return "host"` of a function about networks, `network = "host"`, a flag of it."""
    named = stmt.target if isinstance(stmt, Assign) else None
    about = (dotted(named) or "" if named is not None else decl.name if isinstance(stmt, Return) else "").lower()
    value = stmt.value if isinstance(stmt, Assign | Return) else None
    if isinstance(value, Str) and value.text == "host":
        return value if "net" in about else None
    for whole in own(stmt):
        for one in expressions(whole):
            if isinstance(one, Str) and one.text in SPELLINGS:
                return one
            words = [item.value for item in one.items] if isinstance(one, ListOf) else [arg.value for arg in one.args] if isinstance(one, Call) else []
            for flag, mode in pairwise(words):
                if isinstance(flag, Str) and isinstance(mode, Str) and flag.text in ("--net", "--network") and mode.text == "host":
                    return mode
    return None


def _gets_to(ev: Evaluator, decl: FunctionDecl, stmt: Stmt) -> bool:
    """Whether no platform guard keeps the one at hand from a statement, or from each of the places that call its function."""
    linux = ev.sibling("linux")
    for one in (ev, linux):
        one.fresh()
    if _excluded(ev, linux, stmt, Frame(decl), Frame(decl)):
        return False
    sites = [site for site, _ in call_sites(ev, decl)] if decl.name else []
    return not sites or not all(_excluded(ev, linux, site.stmt, ev.frame_of(site), linux.frame_of(site)) for site in sites)


def _excluded(ev: Evaluator, linux: Evaluator, stmt: Stmt, frame: Frame, there: Frame) -> bool:
    """Whether a condition around a statement, or one before it that leaves the function, keeps it from the platform at hand and not from Linux."""
    here: Stmt = stmt
    while here.block is not None:
        block = here.block
        tests = [(one.test, one, not stops(one.then)) for one in block.stmts[: here.index] if isinstance(one, If) and stops(one.then) is not stops(one.other)]
        owner = block.owner
        if isinstance(owner, If):
            tests.append((owner.test, owner, block.role == "then"))
        for test, at, wanted in tests:
            answer = ev.truth(test, frame, at)
            if answer is (not wanted) and linux.truth(test, there, at) is not answer:
                return True
        if owner is None:
            break
        here = owner
    return False


def _by_flag(ev: Evaluator, decl: FunctionDecl, stmt: If) -> NetworkChoice | None:
    asked = {flag: one for one in expressions(stmt.test) for flag in _flags_in(one)}
    if len(asked) != 1 or any(flag for other in stmt.other.stmts if isinstance(other, If) for one in expressions(other.test) for flag in _flags_in(one)):
        return None
    flag, test = next(iter(asked.items()))
    addresses, others = dict(_addresses(stmt.then)), dict(_addresses(stmt.other))
    if not any(loopback and others.get(name) is False for name, loopback in addresses.items()):
        return None
    ev.fresh()
    subject = test.left if isinstance(test, Compare) else None
    if isinstance(subject, Str) and isinstance(test, Compare):
        subject = test.right
    if subject is None or not unknown_parts(scalar(ev.eval(subject, Frame(decl), stmt))):
        # The program's own words: it knows how it spells them.
        return None
    return NetworkChoice(Span(decl.unit.path, *test.span), "flag", decl.name, tuple(ev.siblings), flag)


def _flags_in(expr: Expr) -> Iterator[str]:
    if not isinstance(expr, Compare):
        return
    for side in (expr.left, expr.right):
        if isinstance(side, Str) and side.text.strip("* ") in SPELLINGS:
            yield side.text.strip("* ")


def _addresses(block: Block) -> Iterator[tuple[str, bool]]:
    """The variables that a block sets to an address, with whether it is loopback."""
    for stmt in block.stmts:
        if isinstance(stmt, Assign) and isinstance(stmt.target, Name) and isinstance(stmt.value, Str):
            address = classify_address(stmt.value.text)
            if address is not None and (address.port is not None or address.scheme is not None or address.is_loopback):
                yield stmt.target.id, address.is_loopback


__all__ = ["CHOOSES", "network_choices"]
