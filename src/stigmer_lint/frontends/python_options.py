"""Parameters that click and typer fill from the environment."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from stigmer_lint.flow.ir import Attr, Call, Expr, Function, ListOf, Name, Opaque, Param, Str

Constant = Callable[[str], str | None]
"""The text of a module-level string constant, None where the file has no such."""


def last_name(callee: Expr) -> str:
    """`option` of `click.option`; "" where the callee has no name."""
    return callee.name if isinstance(callee, Attr) else callee.id if isinstance(callee, Name) else ""


def with_decorators(params: tuple[Param, ...], decorators: Iterable[Expr], constant: Constant) -> tuple[Param, ...]:
    """The parameters with what `@click.option(...)` and `@click.argument(...)` say about them."""
    said: dict[str, tuple[tuple[str, ...], Expr | None]] = {}
    for call in decorators:
        if isinstance(call, Call) and last_name(call.callee) in ("option", "argument"):
            name = _parameter_of(call)
            if name:
                said[name] = _variables(call, constant), _called(_keyword(call, "default"))
    if not said:
        return params
    return tuple(
        msgspec.structs.replace(param, env=param.env or said[param.name][0], default=param.default or said[param.name][1])
        if param.name in said
        else param
        for param in params
    )


def with_annotation(param: Param, marks: Iterable[Expr], constant: Constant) -> Param:
    """The parameter with what `= typer.Option(...)` or `Annotated[..., typer.Option(...)]` says about it; `marks` are the
    calls inside the annotation."""
    for mark in marks:
        if isinstance(mark, Call):
            param = msgspec.structs.replace(param, env=param.env + _variables(mark, constant))
    default = param.default
    if not isinstance(default, Call) or last_name(default.callee) not in ("Option", "Argument"):
        return param
    first = next((arg.value for arg in default.args if arg.name is None and not arg.spread), None)
    value = first if first is not None else _keyword(default, "default") or _called(_keyword(default, "default_factory"))
    if isinstance(value, Opaque) and value.why == "...":
        value = None  # `typer.Option(...)`: required
    return msgspec.structs.replace(param, env=param.env + _variables(default, constant), default=value)


def _parameter_of(call: Call) -> str:
    """The parameter that click hands an option to: a name without dashes, else the first of the longest-dashed ones."""
    best = ""
    for arg in call.args:
        if arg.name is not None or not isinstance(arg.value, Str):
            continue
        flag = arg.value.text.split("/", 1)[0].strip()
        bare = flag.lstrip("-")
        if flag == bare:
            return flag.replace("-", "_") if last_name(call.callee) == "option" else flag.replace("-", "_").lower()
        if len(flag) - len(bare) > len(best) - len(best.lstrip("-")):
            best = flag
    return best.lstrip("-").replace("-", "_").lower()


def _variables(call: Call, constant: Constant) -> tuple[str, ...]:
    value = _keyword(call, "envvar") or _keyword(call, "env_var")
    if value is None:
        return ()
    names = []
    for item in (one.value for one in value.items) if isinstance(value, ListOf) else (value,):
        name = item.text if isinstance(item, Str) else constant(item.id) if isinstance(item, Name) else None
        if name:
            names.append(name)
    return tuple(names)


def _keyword(call: Call, name: str) -> Expr | None:
    return next((arg.value for arg in call.args if arg.name == name), None)


def _called(value: Expr | None) -> Expr | None:
    """click calls a default that is a function."""
    return Call(value.span, value, ()) if isinstance(value, Function) else value
