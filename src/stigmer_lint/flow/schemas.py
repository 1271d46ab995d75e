"""Environment schemas of JavaScript: `z.object({...}).parse(process.env)`, `cleanEnv(process.env, {...})`, `createEnv({server: {...}})`.

A field of what they give is the environment variable of that name, with the schema's default where nothing sets it. Sources of the shapes: zod.dev
(basics, api), github.com/af/envalid (README), env.t3.gg/docs/core."""

from __future__ import annotations

import re
from collections.abc import Iterator

from stigmer_lint.model.span import Span
from stigmer_lint.model.value import Choice, FunctionValue, ListValue, MapValue, ObjectValue, Unknown, Value, choose

_PARSING = frozenset({"parse", "safeParse", "parseAsync", "safeParseAsync", "validateSync", "validate", "cast", "attempt"})
_DEFAULTS = frozenset({"default", "catch", "prefault"})
_ENVIRONMENTS = frozenset({"process.env", "Bun.env", "import.meta.env", "std-env.env"})
_VARIABLE = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+$")


def schema_field(base: ObjectValue, name: str, span: Span) -> Value | None:
    """The field `name` of a parsed environment; None where the object is none, or its schema does not have the field."""
    parts = base.type.split(".")
    last = parts[-1]
    if last in ("data", "value") and len(parts) > 1 and parts[-2] in _PARSING:
        last = parts[-2]
    elif name in ("data", "value") and last in ("safeParse", "safeParseAsync", "validate"):
        return ObjectValue(f"{base.type}.{name}", base.fields, span) if _parsed(base) else None
    shapes: tuple[Value | None, ...]
    if last in _PARSING and _parsed(base):
        shapes = (base.fields.get("0"),)
    elif last == "createEnv":
        options = base.fields.get("0")
        shapes = (options.get("server"), options.get("client"), options.get("shared")) if isinstance(options, MapValue) else ()
    elif last == "cleanEnv" and _is_environment(base.fields.get("0")):
        shapes = (base.fields.get("1"),)
    else:
        # A schema too large to keep: what it gives under a variable's name is that variable.
        cut = last in _PARSING and ".object." in base.type and isinstance(base.fields.get("0"), Unknown)
        return Unknown(f"environment variable {name}", "env", name, span) if cut and _VARIABLE.match(name) else None
    for shape in shapes:
        rule = shape.get(name) if isinstance(shape, MapValue) else None
        if rule is not None:
            variable = Unknown(f"environment variable {name}", "env", name, span)
            default = next(_defaults(rule), None)
            return choose((variable, default), span, (), 1) if default is not None else variable
    return None


def _parsed(base: ObjectValue) -> bool:
    """Whether the process's environment was given to the schema."""
    calls = base.fields.get(".calls")
    return any(
        isinstance(item.value, ObjectValue) and item.value.type in _PARSING and _is_environment(item.value.fields.get("0"))
        for item in (calls.items if isinstance(calls, ListValue) else ())
    )


def _is_environment(value: Value | None) -> bool:
    if isinstance(value, MapValue):
        # `{...process.env}`
        return value.open_why is not None
    if isinstance(value, Choice):
        return any(_is_environment(option) for option in value.options)
    return isinstance(value, FunctionValue) and value.name in _ENVIRONMENTS


def _defaults(rule: Value) -> Iterator[Value]:
    """What a field's rule says where the variable is not set: `.default(x)`, or envalid's `{default: x}`."""
    if not isinstance(rule, ObjectValue):
        return
    calls = rule.fields.get(".calls")
    for item in calls.items if isinstance(calls, ListValue) else ():
        if isinstance(item.value, ObjectValue) and item.value.type in _DEFAULTS:
            given = item.value.fields.get("0")
            if given is not None:
                yield given
    options = rule.fields.get("0")
    if isinstance(options, MapValue) and (given := options.get("default")) is not None:
        yield given


__all__ = ["schema_field"]
