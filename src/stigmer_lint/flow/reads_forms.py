"""The forms in which Python, Go and JavaScript read an environment variable, as data and as a test of one expression."""

from __future__ import annotations

import re

import msgspec

from stigmer_lint.flow.ir import Attr, Call, Compare, DictOf, Expr, Index, ListOf, Name, Record, Str, Unit
from stigmer_lint.model.span import SourceFile

NEEDLE = re.compile(
    rb"environ|Environ\(|[gG]etenv|LookupEnv|\bprocess[?!]?\.env\b|\bprocess\s+as\b|\bprocess(?![?!]?\.)(?=[ \t]*[;,)\]}\[?!:\"'`\r\n])|import\.meta\.env|Bun\.env|Deno\.env|BaseSettings|decouple|envvar|env:\"|envconfig:\"|[vV]iper|EnvVar|Envar"
    rb"|starlette\.config|[cC]onfig(?:Service)?\.get|env-var|createEnv|cleanEnv|Dynaconf|LazySettings|env\.Provider|ardanlabs/conf|ory/x/configx"
)
"""What a file must hold to be looked at. Of `process` only its environment counts, and where it is handed on whole; as a word it is in many comments."""
NEAR = (
    b"process", b"environ", b"etenv", b"LookupEnv", b"iper", b"onfig.get", b"onfigService.get", b'env:"', b'envconfig:"', b"EnvVar", b"Envar", b"envvar", b"env-var",
    b"Environ(", b"import.meta.env", b"Bun.env", b"Deno.env", b"BaseSettings", b"decouple", b"starlette.config", b"createEnv", b"cleanEnv", b"Dynaconf",
    b"LazySettings", b"env.Provider", b"ardanlabs/conf", b"ory/x/configx",
)  # fmt: skip
"""Texts of which every needle has one."""

OBJECTS = frozenset({
    "os.environ", "process.env", "import.meta.env", "Bun.env", "globalThis.process.env", "$env/dynamic/private.env", "$env/dynamic/public.env",
})
"""The environment as an object: subscripts and members of it are reads."""


class Form(msgspec.Struct, frozen=True):
    """One read as it is written. `name`: the expression of the name, or the name. `demands`: unset, it fails. `several`: it gives
    value and whether it is set. `presence`: only whether it is set is asked. `prefix`: every name that begins so is read; `suffix`: every one that ends so."""

    name: Expr | str
    api: str
    default: Expr | None = None
    demands: bool = False
    several: bool = False
    presence: bool = False
    prefix: bool = False
    suffix: bool = False


class _Getter(msgspec.Struct, frozen=True):
    default_at: int | None = 1
    demands: bool = False
    several: bool = False
    name_at: int = 0


GETTERS: dict[str, _Getter] = {
    "os.getenv": _Getter(),
    "os.environ.get": _Getter(),
    "os.environ.pop": _Getter(),
    "os.Getenv": _Getter(None),
    "os.LookupEnv": _Getter(None, several=True),
    "syscall.Getenv": _Getter(None, several=True),
    "Deno.env.get": _Getter(None),
    "decouple.config": _Getter(demands=True),
    "env-var.get": _Getter(None),
}
"""Function -> how it is called. Arguments named `default` count wherever there is one."""

_INSTANCES = re.compile(
    rb"^[ \t]*(?:export\s+)?(?:const |let |var |self\.|this\.)?([A-Za-z_]\w*)\s*(?::[^=\n]{0,60})?(?::=|=)\s*"
    rb"(?:(os\.environ|environ|process\.env|import\.meta\.env)(?:\.copy\(\))?(?:\s+as\s[^;\n]{1,60})?[ \t]*;?[ \t\r]*$"
    rb"|(?:[A-Za-z_]\w*\.)?((?:FileAware)?Env)\(|(viper\.New\(\)|viper\.GetViper\(\))|(?:decouple\.)?(AutoConfig|Config)\()",
    re.MULTILINE,
)
_ENVIRONS = "environs()"
_STARLETTE = "config()"
_ENVIRONS_OTHER = frozenset({"read_env", "read_envfile", "prefixed", "seal", "parser", "add_parser", "dump", "add_parser_from_field"})
_CONFIG_GET = re.compile(r"[cC]onfig(?:uration)?(?:[sS]ervice)?$")
_UPPER = re.compile(r"[A-Z][A-Z0-9_]{2,}$")
VIPER = "github.com/spf13/viper"


def aliases(source: SourceFile, unit: Unit) -> dict[str, str]:
    """Names of a file that stand for the environment, or for an object of a library that reads it."""
    found: dict[str, str] = {}
    for hit in _INSTANCES.finditer(source.data):
        name = hit[1].decode()
        if hit[2]:
            text = hit[2].decode()
            found[name] = "os.environ" if text == "environ" else text
        elif hit[3] and unit.language == "python":
            found[name] = _ENVIRONS
        elif hit[4] and unit.language == "go":
            found[name] = VIPER
        elif hit[5] and unit.language == "python" and (b"starlette.config" in source.data or b"decouple" in source.data):
            found[name] = _STARLETTE
    return found


def plain(expr: Expr) -> str | None:
    """`a.b.c` as text where nothing else is in it."""
    names: list[str] = []
    while isinstance(expr, Attr):
        names.append(expr.name)
        expr = expr.base
    if not isinstance(expr, Name):
        return None
    names.append(expr.id)
    return ".".join(reversed(names))


def canonical(expr: Expr, unit: Unit, known: dict[str, str]) -> str | None:
    """The dotted name of an expression with imports and aliases put in."""
    text = plain(expr)
    if text is None:
        return None
    head, dot, rest = text.partition(".")
    imported = unit.imports.get(head)
    if imported is not None:
        module = imported.module.removeprefix("node:")
        head = module if imported.member in (None, "default", "*") else f"{module}.{imported.member}"
    elif head in ("self", "this") and rest.partition(".")[0] in known:
        inner, dot, rest = rest.partition(".")
        head = known[inner]
    elif head in known:
        head = known[head]
    return f"{head}{dot}{rest}" if rest else head


def form_of(expr: Expr, unit: Unit, known: dict[str, str]) -> Form | None:
    """How an expression reads the environment, None where it does not."""
    if isinstance(expr, Attr):
        if unit.language != "python" and canonical(expr.base, unit, known) in OBJECTS:
            return Form(expr.name, plain(expr.base) or "env")
        return None
    if isinstance(expr, Index):
        base = canonical(expr.base, unit, known)
        if base in OBJECTS:
            return Form(expr.key, base, demands=unit.language == "python")
        return None
    if isinstance(expr, Compare):
        if expr.op in ("in", "not in") and canonical(expr.right, unit, known) in OBJECTS:
            return Form(expr.left, "in", presence=True)
        return None
    if isinstance(expr, Call):
        return _call(expr, unit, known)
    return None


def _call(call: Call, unit: Unit, known: dict[str, str]) -> Form | None:
    name = canonical(call.callee, unit, known)
    if name is None or not call.args:
        return None
    if name == "environ.get":
        name = "os.environ.get"
    getter = GETTERS.get(name)
    if getter is not None:
        return _got(call, getter, name)
    if name.startswith(_ENVIRONS):
        method = name.removeprefix(_ENVIRONS).lstrip(".")
        return None if method in _ENVIRONS_OTHER else _got(call, _Getter(demands=True), f"env.{method}" if method else "env")
    if name == _STARLETTE:
        return _got(call, _Getter(demands=True, default_at=None), "config")
    if name == f"{VIPER}.BindEnv" and len(call.args) > 1:
        return Form(call.args[1].value, "viper.BindEnv")
    base = of_settings(call) if unit.language not in ("python", "go") else None
    if base is not None and isinstance(call.callee, Attr):
        return _got(call, _Getter(demands=call.callee.name == "getOrThrow"), f"{base}.{call.callee.name}")
    return None


def of_settings(call: Call) -> str | None:
    """The object of a call that asks a program's settings for a variable by its name (`configService.get("PORT")`, https://docs.nestjs.com/techniques/configuration),
    None where it is no such call."""
    if not isinstance(call.callee, Attr) or call.callee.name not in ("get", "getOrThrow") or not call.args:
        return None
    base, first = plain(call.callee.base), call.args[0].value
    return base if base is not None and _CONFIG_GET.search(base) and isinstance(first, Str) and _UPPER.match(first.text) else None


SCANS = re.compile(
    rb"\bos\.Environ\(\)|\bos\.environ\.(?:items|keys|copy)\(|(?:\bin|\bdict\(|\blist\(|\bsorted\(|\bor|\w[ \t]+=)\s*os\.environ\b(?![.\[])"
    rb"|\bObject\.(?:keys|entries|fromEntries)\(\s*(?:Object\.entries\(\s*)?(?:process|import\.meta|Bun)\.env\b(?![.\[])|\bin\s+process\.env\b(?![.\[])"
)
"""Every variable of the environment is gone through."""
_PREFIXES = {"strings.HasPrefix": 1, "strings.TrimPrefix": 1, "strings.CutPrefix": 1}


def scanned(call: Call, unit: Unit) -> Form | None:
    """What the beginnings or the ends of names are compared with, in code that goes through all variables."""
    if unit.language == "go":
        at = _PREFIXES.get(plain(call.callee) or "")
        if at is None or len(call.args) <= at:
            return None
        return Form(call.args[at].value, "env scan", prefix=True)
    if isinstance(call.callee, Attr) and call.callee.name in ("startswith", "startsWith", "removeprefix") and call.args:
        return Form(call.args[0].value, "env scan", prefix=True)
    if isinstance(call.callee, Attr) and call.callee.name in ("endswith", "endsWith") and call.args:
        return Form(call.args[0].value, "env scan", suffix=True)
    return None


def _got(call: Call, getter: _Getter, api: str) -> Form | None:
    positional = [arg.value for arg in call.args if arg.name is None and not arg.spread]
    if len(positional) <= getter.name_at:
        named = next((arg.value for arg in call.args if arg.name in ("key", "name", "option")), None)
        if named is None:
            return None
        positional = [named]
    default = next((arg.value for arg in call.args if arg.name == "default"), None)
    if default is None and getter.default_at is not None and len(positional) > getter.default_at:
        default = positional[getter.default_at]
    return Form(positional[getter.name_at], api, default, getter.demands and default is None, getter.several)


def flag_names(record: Record) -> tuple[list[Expr], Expr | None, bool, Expr | None]:
    """Variables that a command line flag's record takes its value from (urfave/cli): their names, its default, whether it must be given, the flag's own name."""
    flag: Expr | None = None
    names: list[Expr] = []
    default: Expr | None = None
    demands = False
    for pair in record.pairs:
        key = pair.key.text if isinstance(pair.key, Str) else pair.key.id if isinstance(pair.key, Name) else None
        if key == "EnvVar":
            names.append(pair.value)
        elif key == "EnvVars":
            # `EnvVars: prefixed("ADDR")`: what the function gives is a list of them.
            names.extend((item.value for item in pair.value.items) if isinstance(pair.value, ListOf) else (pair.value,))
        elif key == "Sources" and isinstance(pair.value, Call) and (plain(pair.value.callee) or "").endswith("EnvVars"):
            names.extend(arg.value for arg in pair.value.args)
        elif key == "Name":
            flag = pair.value
        elif key == "Value":
            default = pair.value
        elif key == "Required":
            demands = getattr(pair.value, "value", False) is True
    return names, default, demands, flag


__all__ = ["GETTERS", "NEEDLE", "OBJECTS", "SCANS", "VIPER", "DictOf", "Form", "aliases", "canonical", "flag_names", "form_of", "plain", "scanned"]
