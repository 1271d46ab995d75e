"""The effective values of one container of a policy, and where each of them came from."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable
from typing import TypeAlias

import msgspec

from stigmer_lint.model.span import SourceFile
from stigmer_lint.policy.types import Container, LoadedPolicy, RequiredEnv, Service

Mask: TypeAlias = Callable[[str, str], str]
"""From a variable's name ("" where the text belongs to none) and a text to the text as it may be shown."""


class Row(msgspec.Struct, frozen=True):
    """One value: the dotted `key`, the `value` for people, and `origin`: "path:line:column" or "default"."""

    key: str
    value: str
    origin: str


class Variable(msgspec.Struct, frozen=True):
    """One variable of the container. `value` is what the reference launcher gives, None where the policy names none; `why` says by what
    it belongs to the contract."""

    name: str
    value: str | None
    why: str
    origin: str
    because: str | None = None


class Explanation(msgspec.Struct, frozen=True):
    """A container, its own values (`rows`), its environment, and the values of the services that it uses."""

    container: str
    origin: str
    rows: tuple[Row, ...]
    variables: tuple[Variable, ...]
    services: tuple[tuple[str, tuple[Row, ...]], ...]


def explain(loaded: LoadedPolicy, name: str, mask: Mask) -> Explanation:
    """The explanation of the container with the key `name`. Raises KeyError where the policy has none. Variables that the container
    calls secret are hidden, all other texts go through `mask`."""
    container = loaded.policy.containers[name]
    at = f"containers.{name}"
    places = _Places(loaded, mask)
    rows = [
        *_rows(places, container, at, skip=("uses", "env", "launch", "smoke")),
        Row("uses", ", ".join(container.uses) or "nothing", places.of(f"{at}.uses")),
    ]
    if container.launch is not None:
        rows += _rows(places, container.launch, f"{at}.launch", prefix="launch.")
    if container.smoke is not None:
        rows += _rows(places, container.smoke, f"{at}.smoke", prefix="smoke.", skip=("expect",))
        rows += _rows(places, container.smoke.expect, f"{at}.smoke.expect", prefix="smoke.expect.")
    services = tuple((used, _service(places, used, loaded.policy.services[used])) for used in container.uses)
    return Explanation(name, places.of(at), tuple(rows), tuple(_variables(loaded, places, container, at)), services)


def render(explanation: Explanation) -> str:
    """The explanation as text, in aligned columns."""
    lines = [f"container {explanation.container}  ({explanation.origin})"]
    lines += _table([(row.key, row.value, row.origin) for row in explanation.rows])
    lines += ["", "environment"]
    lines += _table([(v.name, v.value if v.value is not None else "-", f"{v.why}; {v.origin}") for v in explanation.variables])
    # A service's reason stands in its own table.
    lines += [f"  because {v.name}: {v.because}" for v in explanation.variables if v.because and v.why == "required"]
    for name, rows in explanation.services:
        lines += ["", f"service {name}", *_table([(row.key, row.value, row.origin) for row in rows])]
    return "\n".join(lines) + "\n"


def _table(cells: list[tuple[str, str, str]]) -> list[str]:
    widths = [min(max((len(row[at]) for row in cells), default=0), limit) for at, limit in ((0, 40), (1, 60))]
    return [f"  {a:<{widths[0]}}  {b:<{widths[1]}}  {c}".rstrip() for a, b, c in cells]


class _Places:
    def __init__(self, loaded: LoadedPolicy, mask: Mask) -> None:
        self.mask = mask
        self._positions = loaded.positions
        self._sources: dict[str, SourceFile] = {source.path: source for source in loaded.sources}

    def of(self, key: str) -> str:
        """Where a dotted key was written, "default" where nobody wrote it."""
        span = self._positions.get(key)
        source = self._sources.get(span.path) if span is not None else None
        if span is None or source is None:
            return "default"
        at = source.position(span.start)
        return f"{span.path}:{at.line}:{at.column}"


def _rows(places: _Places, struct: msgspec.Struct, at: str, prefix: str = "", skip: tuple[str, ...] = ()) -> list[Row]:
    """The fields of a struct, one level deep; a nested struct's fields are written as NAME.FIELD."""
    rows: list[Row] = []
    for name in struct.__struct_fields__:
        value = getattr(struct, name)
        if name in skip:
            continue
        if isinstance(value, msgspec.Struct):
            rows += _rows(places, value, f"{at}.{name}", f"{prefix}{name}.")
        elif value not in (None, (), {}, False):
            rows.append(Row(f"{prefix}{name}", _text(value, places.mask), places.of(f"{at}.{name}")))
    return rows


def _text(value: object, mask: Mask) -> str:
    if isinstance(value, tuple):
        return ", ".join(mask("", str(one)) for one in value)
    if isinstance(value, dict):
        return ", ".join(f"{key}={mask(key, str(one))}" for key, one in value.items())
    return mask("", str(value))


def _service(places: _Places, name: str, service: Service) -> tuple[Row, ...]:
    return tuple(_rows(places, service, f"services.{name}"))


def _variables(loaded: LoadedPolicy, places: _Places, container: Container, at: str) -> list[Variable]:
    """Every variable of the contract once, the strongest reason first: service, required, set, secret, optional."""
    found: dict[str, Variable] = {}

    def shown(name: str, value: str) -> str:
        return "***" if any(fnmatch.fnmatchcase(name, pattern) for pattern in container.env.secret) else places.mask(name, value)

    values = {name: shown(name, value) for name, value in container.env.set.items()}
    for used in container.uses:
        service = loaded.policy.services[used]
        value = service.url.replace("{address}", service.address)
        for index, name in enumerate(service.env):
            found.setdefault(name, Variable(name, shown(name, value), f"carries {used}", places.of(f"services.{used}.env.{index}"), service.because))
    for index, one in enumerate(container.env.required):
        name, because = (one.name, one.because) if isinstance(one, RequiredEnv) else (one, None)
        found.setdefault(name, Variable(name, values.get(name), "required", places.of(f"{at}.env.required.{index}"), because))
    for name, value in values.items():
        found.setdefault(name, Variable(name, value, "set", places.of(f"{at}.env.set.{name}")))
    for part, patterns in (("secret", container.env.secret), ("optional", container.env.optional)):
        for index, pattern in enumerate(patterns):
            found.setdefault(pattern, Variable(pattern, None, part, places.of(f"{at}.env.{part}.{index}")))
    return list(found.values())
