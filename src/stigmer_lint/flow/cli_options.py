"""Options of command lines in Python, JavaScript and TypeScript: `args.url` has the default that the option was declared with.

Sources: docs.python.org/3/library/argparse.html, github.com/tj/commander.js ("Options"), yargs.js.org/docs ("options").
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from stigmer_lint.flow.containers import scalar
from stigmer_lint.flow.frame import Frame
from stigmer_lint.flow.ir import Attr, Call, DictOf, Expr, Name, Str
from stigmer_lint.flow.walk import Place, dotted
from stigmer_lint.model.value import Choice, Known, ObjectValue, Step, Template, Unknown, Value, choose, with_step

if TYPE_CHECKING:
    from stigmer_lint.flow.evaluate import Evaluator

_HOLDERS = re.compile(r"(?:^|\.)(?:args|arguments|argv|opts|options|flags|parsed|parsed_args|namespace|ns|cli|cli_args|cliOptions|params)$")
"""What programs call the object with the parsed options."""
_STRICTLY = re.compile(r"(?:^|\.)(?:args|argv|opts|flags|cli_args|parsed_args|namespace)$")
_PARSED = ("parse_args", "parse_intermixed_args", "opts", "optsWithGlobals", "parseSync", "argv", "parse", "parseAsync")
_LONG = re.compile(r"--(?:no-)?([A-Za-z][\w-]*)")


def told(ev: Evaluator, expr: Attr, base: Value, frame: Frame) -> Value | None:
    """The value of `args.name` where an option of that name is declared with a default; None where it is none."""
    held = isinstance(base, ObjectValue) and base.type.rpartition(".")[2] in _PARSED
    if not held and not (isinstance(base, Unknown | ObjectValue) and _HOLDERS.search(dotted(expr.base) or "") is not None):
        return None
    python = frame.unit.language == "python"
    places = list((_argparse if python else _javascript)(ev, expr.name))
    here = [one for one in places if one[0].decl.unit.path == frame.unit.path]
    # An option that another file declares is meant where the program has a single one of the name, and calls what it is asked of by a name for it alone.
    chosen = here or (places if len(places) == 1 and (held or _STRICTLY.search(dotted(expr.base) or "") is not None) else [])
    if not chosen:
        return None
    place, default = chosen[0]
    value = scalar(ev.eval(default, ev.frame_of(place), place.stmt))
    if not isinstance(value, Known | Template | Choice) or (isinstance(value, Known) and value.kind == "null"):
        return None
    span = ev.span(place.expr, ev.frame_of(place))
    return choose((Unknown(f"option {expr.name}", "input", expr.name, span), with_step(value, Step(span, f"default of the option {expr.name}"))), None, (), 1)


def _argparse(ev: Evaluator, name: str) -> Iterator[tuple[Place, Expr]]:
    for place in ev.project.used("add_argument", "python"):
        call = place.expr
        if not isinstance(call, Call):
            continue
        named = {arg.name: arg.value for arg in call.args if arg.name}
        dest = named.get("dest")
        flags = [arg.value.text for arg in call.args if arg.name is None and isinstance(arg.value, Str)]
        long = next((flag for flag in flags if flag.startswith("--")), flags[0] if flags else "")
        own = dest.text if isinstance(dest, Str) else long.lstrip("-").replace("-", "_")
        if own == name and "default" in named:
            yield place, named["default"]


def _javascript(ev: Evaluator, name: str) -> Iterator[tuple[Place, Expr]]:
    for method in ("option", "requiredOption"):
        for place in ev.project.used(method, "javascript", called=True):
            call = place.expr
            if not isinstance(call, Call) or not call.args or not isinstance(call.args[0].value, Str):
                continue
            text = call.args[0].value.text
            long = _LONG.search(text)
            if long is not None and _camel(long[1]) == name and len(call.args) > 2 and isinstance(call.args[-1].value, Str | Name | Attr | Call):
                # commander: flags, description, [parser,] default.
                yield place, call.args[-1].value
            elif long is None and name in (text, _camel(text)) and len(call.args) > 1 and isinstance(call.args[1].value, DictOf):
                yield from _default_of(place, call.args[1].value)
    for place in ev.project.used("options", "javascript", called=True):
        call = place.expr
        if not isinstance(call, Call) or not call.args or not isinstance(call.args[0].value, DictOf):
            continue
        # yargs: all at once.
        for pair in call.args[0].value.pairs:
            if isinstance(pair.key, Str) and name in (pair.key.text, _camel(pair.key.text)) and isinstance(pair.value, DictOf):
                yield from _default_of(place, pair.value)


def _default_of(place: Place, options: DictOf) -> Iterator[tuple[Place, Expr]]:
    for pair in options.pairs:
        if isinstance(pair.key, Str) and pair.key.text == "default":
            yield place, pair.value


def _camel(text: str) -> str:
    head, *rest = text.split("-")
    return head + "".join(word[:1].upper() + word[1:] for word in rest)


__all__ = ["told"]
