"""Where code builds a client that dials loopback unless it is told otherwise."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from stigmer_lint.engine.discover import Files
from stigmer_lint.flow.evaluate import Evaluator
from stigmer_lint.flow.ir import Arg, Call, DictOf, FunctionDecl, Name, Str, Unit
from stigmer_lint.flow.project import SUFFIXES
from stigmer_lint.flow.reads_forms import canonical
from stigmer_lint.flow.walk import Place
from stigmer_lint.knowledge.clients import Client, clients
from stigmer_lint.knowledge.names import is_test
from stigmer_lint.model.span import Span
from stigmer_lint.model.value import Known, MapValue, Unknown, Value
from stigmer_lint.model.world import ClientCall
from stigmer_lint.policy.types import ClientRule


def client_calls(ev: Evaluator, files: Files, inside: Callable[[str], bool], extra: tuple[ClientRule, ...]) -> dict[str, list[ClientCall]]:
    """The constructors in the files that count, by path. `extra`: those that the policy names."""
    known = [*clients(), *(Client(rule.call, language, (rule.argument,), rule.default or "localhost", rule.reads, "")
                           for rule in extra for language in ("python", "javascript"))]
    found: dict[str, list[ClientCall]] = {}
    for language in ("python", "javascript"):
        rows = [one for one in known if one.language == language]
        modules = {one.call.rpartition(".")[0].partition(".")[0] for one in rows}
        needle = re.compile(rb"(?:from|import|require)\b[^\r\n]{0,200}?(?:" + b"|".join(re.escape(name.encode()) for name in sorted(modules)) + rb")\b")
        for path, _ in files.grep(needle, SUFFIXES[language]):
            unit = ev.project.unit(path) if inside(path) and not is_test(path) else None
            if unit is not None:
                calls = list(_in_unit(ev, unit, rows))
                if calls:
                    found[path] = calls
    return found


def _in_unit(ev: Evaluator, unit: Unit, rows: list[Client]) -> Iterator[ClientCall]:
    by_last: dict[str, list[Client]] = {}
    imported = {name: f"{one.module}.{one.member}" if one.member else one.module for name, one in unit.imports.items()}
    for row in rows:
        by_last.setdefault(row.call.rpartition(".")[2], []).append(row)
    renamed = {name: full for name, full in imported.items() if any(row.call == full for row in rows)}
    source = ev.project.source(unit.path)
    data = source.data if source is not None else b""
    for decl in ev.project.roots(unit):
        for name, places in ev.project.places_of(decl).items():
            if name not in by_last and name not in renamed:
                continue
            for place in places:
                call = place.expr
                if not isinstance(call, Call):
                    continue
                full = canonical(call.callee, unit, {})
                if data[call.span[1] : call.span[1] + 10] == b".from_url(":
                    # `Redis().from_url(url)` makes another client, which is given the URL.
                    continue
                for row in rows:
                    if full is not None and row.call in (full, f"{full}.default") and not _means_another(data, decl, call, row):
                        ev.fresh()
                        given = _endpoint(ev, call, row, place)
                        yield ClientCall(name, Span(unit.path, *call.span), given, row.arguments[0], row.default, row.reads)
                        break


def _means_another(data: bytes, decl: FunctionDecl, call: Call, row: Client) -> bool:
    """Python: whether the function itself takes the name from another library, which counts there and not in the rest of the file."""
    if row.language != "python" or decl is decl.unit.module or not isinstance(call.callee, Name):
        return False
    name = re.escape(call.callee.id.encode())
    own = re.search(rb"(?m)^[ \t]+from[ \t]+([\w.]+)[ \t]+import[^\n#]*\b" + name + rb"\b", data[decl.span[0] : call.span[0]])
    return own is not None and own[1].decode() != row.call.rpartition(".")[0]


def _endpoint(ev: Evaluator, call: Call, row: Client, place: Place) -> Value | None:
    """What is given as endpoint, None where nothing is. Arguments that cannot be told apart count as given."""
    def value(arg: Arg) -> Value:
        return ev.eval(arg.value, ev.frame_of(place), place.stmt)

    position = 0
    for arg in call.args:
        if arg.spread:
            return Unknown("further arguments", "input")
        if arg.name is not None:
            if arg.name in row.arguments:
                return value(arg)
            continue
        if str(position) in row.arguments:
            return value(arg)
        if isinstance(arg.value, DictOf):
            for pair in arg.value.pairs:
                if pair.key is None or (isinstance(pair.key, Str) and pair.key.text in row.arguments):
                    return Unknown("an option", "input")
        elif row.language == "javascript" and position == 0:
            held = value(arg)
            if not isinstance(held, Known):
                return held if not isinstance(held, MapValue) or any(held.get(name) is not None for name in row.arguments) else None
        position += 1
    return None
