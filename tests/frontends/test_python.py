"""What the Python frontend makes of source text."""

from __future__ import annotations

import time
from collections.abc import Iterable

import pytest

from stigmer_lint.errors import UnreadableError
from stigmer_lint.flow import ir
from stigmer_lint.frontends.python import PythonFrontend
from stigmer_lint.model.span import SourceFile


def parse(text: str | bytes, path: str = "app/main.py") -> ir.Unit:
    return PythonFrontend().parse(SourceFile(path, text.encode() if isinstance(text, str) else text))


def show(node: ir.Expr | ir.Pair | None) -> str:
    """An expression as short text."""
    match node:
        case None:
            return ""
        case ir.Str():
            return repr(node.text)
        case ir.Num():
            return node.text
        case ir.Bool():
            return str(node.value)
        case ir.Nil():
            return "None"
        case ir.Name():
            return node.id
        case ir.Attr():
            return f"{show(node.base)}.{node.name}"
        case ir.Index():
            return f"{show(node.base)}[{show(node.key)}]"
        case ir.Slice():
            return f"{show(node.base)}[{show(node.low)}:{show(node.high)}]"
        case ir.Call():
            args = ", ".join(arg.spread + (f"{arg.name}=" if arg.name else "") + show(arg.value) for arg in node.args)
            return f"{show(node.callee)}({args})"
        case ir.Join():
            return "join(" + ", ".join(map(show, node.parts)) + ")"
        case ir.Format():
            return f"format({show(node.template)}, {show(node.args)})"
        case ir.ListOf():
            return "[" + ", ".join(("*" if item.spread else "") + show(item.value) for item in node.items) + "]"
        case ir.Pair():
            return f"{show(node.key)}: {show(node.value)}" if node.key is not None else "**" + show(node.value)
        case ir.DictOf():
            return "{" + ", ".join(map(show, node.pairs)) + "}"
        case ir.Cond():
            return f"({show(node.test)} ? {show(node.then)} : {show(node.other)})"
        case ir.Fallback():
            return f"({show(node.first)} or {show(node.second)})"
        case ir.And():
            return f"({show(node.left)} and {show(node.right)})"
        case ir.Compare():
            return f"({show(node.left)} {node.op} {show(node.right)})"
        case ir.Not():
            return f"(not {show(node.operand)})"
        case ir.Comp():
            test = f" if {show(node.test)}" if node.test is not None else ""
            return f"{node.kind}{'*' if node.flat else ''}({show(node.element)} for {show(node.target)} in {show(node.iterable)}{test})"
        case ir.Function():
            return f"<{node.decl.name}>" if node.decl.name != "<lambda>" else "<lambda>"
        case ir.Opaque():
            return "?"
        case ir.Record():
            return "record"


def lines(block: ir.Block, indent: str = "") -> list[str]:
    """Statements as short text, a line each."""
    found: list[str] = []
    for stmt in block.stmts:
        match stmt:
            case ir.Assign():
                found.append(f"{indent}{show(stmt.target)} {stmt.op} {show(stmt.value)}")
            case ir.Do():
                found.append(f"{indent}do {show(stmt.value)}")
            case ir.Return():
                found.append(f"{indent}return {show(stmt.value)}".rstrip())
            case ir.Stop():
                found.append(f"{indent}stop {stmt.kind}")
            case ir.If():
                found += [f"{indent}if {show(stmt.test)}", *lines(stmt.then, indent + "  ")]
                if stmt.other.stmts:
                    found += [f"{indent}else", *lines(stmt.other, indent + "  ")]
            case ir.Loop():
                head = f"for {show(stmt.target)} in {show(stmt.iterable)}" if stmt.target is not None else "loop"
                found += [indent + head, *lines(stmt.body, indent + "  ")]
    return found


def module(unit: ir.Unit) -> ir.FunctionDecl:
    assert unit.module is not None
    return unit.module


def top(text: str) -> list[str]:
    return lines(module(parse(text)).body)


def body(text: str, name: str = "f") -> list[str]:
    return lines(parse(text).functions[name].body)


def value(text: str) -> ir.Expr:
    stmt = module(parse(f"x = {text}\n")).body.stmts[-1]
    assert isinstance(stmt, ir.Assign)
    return stmt.value


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (r'"a\n\x41\u00e9\101\q\""', 'a\nAé' + 'A\\q"'),
        (r'"\N{EM DASH}"', "\u2014"),
        (r'"\N{NO SUCH}"', r"\N{NO SUCH}"),
        (r'"\ud800\U00110000"', "\ufffd\ufffd"),
        (r'r"a\n"', r"a\n"),
        (r'b"\x41\u00e9"', r"A\u00e9"),
        (r'rB"\x"', r"\x"),
        ('"""a\r\nb\\\r\nc"""', "a\nbc"),
        ('f"a{{b}}"', "a{b}"),
        (r'rf"{{\n"', r"{\n"),
        ('""', ""),
        ('("a" # why\n b"b" \'c\')', "abc"),
    ],
)
def test_a_literal_is_the_text_at_run_time(source: str, text: str) -> None:
    found = value(source)
    assert isinstance(found, ir.Str)
    assert found.text == text


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ('f"http://{host}:{port!r:>5}/x"', "join('http://', host, ':', port, '/x')"),
        ('f"{a=}"', "join('a=', a)"),
        ('"a" f"{b}c" "d"', "join('a', b, 'c', 'd')"),
        ('f"{x[\'k\']}{{"', "join(x['k'], '{')"),
        ('f"{f"{a}"}"', "join(join(a))"),
        ('a + "b" + (c + d)', "join(a, 'b', join(c, d))"),
        ('((a + b) + c)', "join(a, b, c)"),
        ('"%s:%d" % (host, port)', "format('%s:%d', [host, port])"),
        ("a or b or c", "(a or (b or c))"),
        ("a or b and c", "(a or (b and c))"),
        ("a and not b", "(a and (not b))"),
        ("a if b else c", "(b ? a : c)"),
        ("await (f(*a, 1, k=2, **d))", "f(*a, 1, k=2, **d)"),
        ("f(x for x in y)", "f(list(x for x in y))"),
        ("a.b[0].c[1:-2]", "a.b[0].c[1:-2]"),
        ("a[:]", "a[:]"),
        ("a[1:2:3]", "?"),
        ("a[1, 2]", "a[[1, 2]]"),
        ("{'a': 1_000, **b}", "{'a': 1000, **b}"),
        ("{1, *a}", "[1, *a]"),
        ("1, 2", "[1, 2]"),
        ("()", "[]"),
        ("a is not None", "(a != None)"),
        ("a not in (1, 2)", "(a not in [1, 2])"),
        ("a <= b", "(a order b)"),
        ("a < b < c", "?"),
        ("a | b | {'c': 1}", "|(a, b, {'c': 1})"),
        ("a * 2", "?"),
        ("-1", "-1"),
        ("...", "?"),
        ("True", "True"),
        ("lambda a, b=1: a", "<lambda>"),
        ("[a for a in b if c if d]", "list(a for a in b if (c and d))"),
        ("{k: v for k, v in d.items()}", "dict(k: v for [k, v] in d.items())"),
        ("[b for a in x for b in a]", "list(list*(b for b in a) for a in x)"),
    ],
)
def test_an_expression_is_lowered_to(source: str, shown: str) -> None:
    assert show(value(source)) == shown


def test_every_expression_knows_its_bytes_also_after_characters_of_several_bytes() -> None:
    data = '\ufeff# ünï\r\nx = f("é", f"http://{h}/ü", k=a.b[0])\r\n'.encode()
    unit = parse(data)
    assign = module(unit).body.stmts[0]
    assert isinstance(assign, ir.Assign)
    call = assign.value
    assert isinstance(call, ir.Call)
    join = call.args[1].value
    assert isinstance(join, ir.Join)
    index = call.args[2].value
    assert isinstance(index, ir.Index)
    assert isinstance(index.base, ir.Attr)

    def at(span: ir.Range) -> str:
        return data[span[0] : span[1]].decode()

    assert [at(part.span) for part in (call.callee, call.args[0].value, *join.parts)] == ["f", '"é"', "http://", "h", "/ü"]
    assert (at(call.span), at(index.span), at(index.base.name_span)) == ('f("é", f"http://{h}/ü", k=a.b[0])', "a.b[0]", "b")


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("a = b = c", ["a = c", "b = c"]),
        ("a, (b, *c) = x", ["[a, [b, *c]] = x"]),
        ("a: int = 1\nb: int", ["a = 1"]),
        ("x += [1]\nd |= {'a': 1}\nn -= 1", ["x += [1]", "d += {'a': 1}", "n = ?"]),
        ("self.a['k'] = v", ["self.a['k'] = v"]),
        ("argv[1:1] = ['-e', v]", ["argv = join(argv[:1], ['-e', v], argv[1:])"]),
        ("argv[:] = b", ["argv = b"]),
        ('"""doc"""\nf(1)\na, g()', ["do f(1)", "do g()"]),
        ("if (n := f()) and m:\n  g(n)", ["n = f()", "if (f() and m)", "  do g(n)"]),
        ("if a:\n  x = 1\nelif b:\n  x = 2\nelse:\n  x = 3", ["if a", "  x = 1", "else", "  if b", "    x = 2", "  else", "    x = 3"]),
        ("for k, v in d.items():\n  break\nelse:\n  f()", ["for [k, v] in d.items()", "  stop loop", "if ?", "  do f()"]),
        ("while True:\n  continue", ["loop", "  stop loop"]),
        ("while p := f():\n  g(p)", ["p = f()", "loop", "  p = f()", "  do f()", "  do g(p)"]),
        ("try:\n  a = f()\nexcept E as e:\n  a = 1\nelse:\n  g()\nfinally:\n  h()",
         ["a = f()", "if ?", "  e = ?", "  a = 1", "do g()", "do h()"]),
        ("with f() as a, g(), h() as (b, c):\n  k()", ["a = f()", "do g()", "[b, c] = h()", "do k()"]),
        ("with (f() as a):\n  k()", ["a = f()", "do k()"]),
        ("import sys\nsys.exit(run())", ["do sys.exit(run())", "stop function"]),
        ("raise SystemExit(run('docker'))", ["do SystemExit(run('docker'))", "stop function"]),
        ("raise ValueError('no (really)' + f(x))", ["stop function"]),
        ("import typing\nfrom typing import cast\nx = cast(str, a) + typing.cast(str, b)", ["x = join(a, b)"]),
        ("from sqlalchemy import cast\nx = cast(a, b)", ["x = cast(a, b)"]),
        ("assert os.environ['A'], 'why'\nassert a", ["do os.environ['A']"]),
        ("print 'a %s' % f()", ["do format('a %s', f())"]),
        ("del a\nglobal b\npass", []),
        ("def f():\n  pass\nclass C:\n  pass", []),
    ],
)
def test_a_statement_is_lowered_to(source: str, shown: list[str]) -> None:
    assert top(source + "\n") == shown


def test_match_becomes_nested_tests() -> None:
    source = """
match f(x):
    case "a" | "b":
        g(1)
    case Color.RED if y:
        g(2)
    case {"k": v, **rest}:
        g(v)
    case (other):
        g(other)
    case _:
        never()
"""
    held = "match 7"
    assert top(source) == [
        f"{held} = f(x)",
        f"if ({held} in ['a', 'b'])",
        "  do g(1)",
        "else",
        f"  if (({held} == Color.RED) and y)",
        "    do g(2)",
        "  else",
        "    if ?",
        "      rest = ?",
        "      v = ?",
        "      do g(v)",
        "    else",
        f"      other = {held}",
        "      do g(other)",
    ]


def test_blocks_are_linked_to_what_holds_them() -> None:
    outer = module(parse("for a in b:\n  if a:\n    pass\n  else:\n    f()\n")).body.stmts[0]
    assert isinstance(outer, ir.Loop)
    branch = outer.body.stmts[0]
    assert isinstance(branch, ir.If)
    assert branch.block is outer.body
    assert (branch.other.owner, branch.other.role, outer.body.role) == (branch, "other", "loop")


def test_a_function_states_its_signature_and_is_lowered_when_asked() -> None:
    unit = parse('@app.command("x")\nasync def f(a, b: "int", /, c=1, *rest: str, d: str = "e", **kw) -> list[str]:\n  return a, b\n')
    decl = unit.functions["f"]
    assert [(p.name, p.type, show(p.default), p.rest) for p in decl.params] == [
        ("a", "", "", ""), ("b", '"int"', "", ""), ("c", "", "1", ""), ("rest", "str", "", "*"), ("d", "str", "'e'", ""), ("kw", "", "", "**"),
    ]
    assert (decl.decorators, decl.result, decl.lowered) == (("app.command",), "list[str]", None)
    assert lines(decl.body) == ["return [a, b]"]


def test_a_nested_function_is_a_value_that_knows_what_is_around_it() -> None:
    decl = parse("def f(a):\n  @wraps(a)\n  def g():\n    return h(lambda: a)\n  return g\n").functions["f"]
    assert lines(decl.body) == ["g = <g>", "return g"]
    inner = decl.body.stmts[0]
    assert isinstance(inner, ir.Assign)
    assert isinstance(inner.value, ir.Function)
    assert inner.value.decl.outer is decl
    assert inner.value.decl.decorators == ("wraps",)
    result = inner.value.decl.body.stmts[0]
    assert isinstance(result, ir.Return)
    assert isinstance(result.value, ir.Call)
    closure = result.value.args[0].value
    assert isinstance(closure, ir.Function)
    assert closure.decl.outer is inner.value.decl
    assert lines(closure.decl.body) == ["return a"]


def test_a_class_has_fields_methods_and_inner_classes() -> None:
    source = """
@dataclass
class Config(Base, pkg.Mixin[T], metaclass=M):
    url: str = "http://localhost"
    port: int
    a = b = Field(1, env="A")
    if x:
        late = 2
    class Meta:
        env_prefix = "APP_"
    @classmethod
    def load(cls, x): ...
    @staticmethod
    def make(x): ...
    @property
    def host(self): return self._host
    @host.setter
    def host(self, value): self._host = value
"""
    unit = parse(source)
    decl = unit.classes["Config"]
    assert (decl.bases, decl.decorators) == (("Base", "pkg.Mixin"), ("dataclass",))
    assert {name: (field.type, show(field.default)) for name, field in decl.fields.items()} == {
        "url": ("str", "'http://localhost'"), "port": ("int", ""), "a": ("", "Field(1, env='A')"), "b": ("", "Field(1, env='A')"),
        "late": ("", "2"),
    }
    assert {name: (m.receiver, [p.name for p in m.params], m.owner) for name, m in decl.methods.items()} == {
        "load": ("cls", ["x"], "Config"), "make": ("", ["x"], "Config"), "host": ("self", [], "Config"),
    }
    assert show(unit.classes["Config.Meta"].fields["env_prefix"].default) == "'APP_'"


def test_imports_are_read_at_every_level_and_the_file_s_own_win() -> None:
    source = """
import os, a.b, c.d as e
from .x import (y as z, w)
from .. import q
from pkg import *
try:
    import fast as json
except ImportError:
    import json
def f():
    from m import (  # why
        k,
        l as n,
    )
    import os.path as os, p
    if a: from late import r
"""
    unit = parse(source)
    assert unit.star_imports == ("pkg",)
    assert {name: (one.module, one.member) for name, one in unit.imports.items()} == {
        "os": ("os", None), "a": ("a", None), "e": ("c.d", None), "z": (".x", "y"), "w": (".x", "w"), "q": ("..", "q"),
        "json": ("fast", None), "k": ("m", "k"), "n": ("m", "l"), "p": ("p", None),
    }
    _ = unit.functions["f"].body
    assert unit.imports["r"] == ir.Import("late", "r")


def test_of_two_definitions_the_later_straight_one_wins_and_the_first_in_blocks() -> None:
    unit = parse("def f(a): ...\ndef f(b): ...\nif x:\n  def g(a): ...\nelse:\n  def g(b): ...\n")
    assert [[p.name for p in unit.functions[name].params] for name in ("f", "g")] == [["b"], ["a"]]


def test_click_fills_parameters_from_the_environment() -> None:
    source = """
URL = "APP_URL"  # documented
@click.command()
@click.option("--base-url", "-u", envvar=URL, default="http://localhost")
@click.option("--other/--no-other", "named", envvar=["A", "B"])
@click.argument("TARGET", envvar="T")
@click.option("--lazy", default=lambda: g())
def f(base_url, named, target, lazy, plain="p"): ...
"""
    assert [(p.name, p.env, show(p.default)) for p in parse(source).functions["f"].params] == [
        ("base_url", ("APP_URL",), "'http://localhost'"), ("named", ("A", "B"), ""), ("target", ("T",), ""), ("lazy", (), "<lambda>()"),
        ("plain", (), "'p'"),
    ]


def test_typer_fills_parameters_from_the_environment() -> None:
    source = """
def f(a: str = typer.Option("d", envvar="A"), b: Annotated[str, typer.Option(envvar=["B", "C"])] = "e",
      c: t.Annotated[str, Argument(envvar="D")] = None, d: str = typer.Option(..., "--d", envvar="E"), e=Other(1)): ...
"""
    assert [(p.name, p.env, show(p.default)) for p in parse(source).functions["f"].params] == [
        ("a", ("A",), "'d'"), ("b", ("B", "C"), "'e'"), ("c", ("D",), "None"), ("d", ("E",), ""), ("e", (), "Other(1)"),
    ]


def test_comments_and_the_first_error_are_known() -> None:
    unit = parse("x = 1  # here '#'\ny = '#'\n")
    assert unit.comments is not None
    assert (unit.error_at, unit.comments(8), unit.comments(23)) == (None, True, False)
    broken = parse("a = 1\nb = = 2\nc = f(3)\n")
    assert broken.error_at is not None
    assert broken.error_at >= 6
    assert "c = f(3)" in lines(module(broken).body)


def test_a_lone_carriage_return_ends_a_line() -> None:
    assert top("a = 1\rif a:\r  b = 'x'\rc = 2\r") == ["a = 1", "if a", "  b = 'x'", "c = 2"]


def test_bytes_that_are_not_utf_8_stay_where_they_are() -> None:
    stmt = module(parse(b"x = 'a\xffb'; y = 'z'\n")).body.stmts
    assert [lines(ir.Block((one,))) for one in stmt] == [["x = 'a\ufffdb'"], ["y = 'z'"]]
    assert stmt[1].span == (11, 18)


@pytest.mark.parametrize("data", [b"a = 1\0\n", "a = 1\n".encode("utf-16"), b"\xfe\xff\0a"])
def test_what_is_not_python_text_is_refused(data: bytes) -> None:
    with pytest.raises(UnreadableError):
        parse(data)


class Files:
    """A tree of files that are only known by name."""

    def __init__(self, *paths: str) -> None:
        self.paths = paths

    def source(self, path: str) -> SourceFile | None:
        return SourceFile(path, b"") if path in self.paths else None

    def has(self, path: str) -> bool:
        return path in self.paths

    def folder(self, path: str) -> Iterable[str]:
        return [one for one in self.paths if one.rpartition("/")[0] == path]

    def named(self, name: str) -> Iterable[str]:
        return sorted((one for one in self.paths if one.rpartition("/")[2] == name), key=len)


TREE = Files(
    "main.py", "config.py", "pkg/__init__.py", "pkg/a.py", "pkg/sub/__init__.py", "pkg/sub/b.py", "pkg/logging.py", "pkg/sub.py",
    "svc/worker/config.py", "svc/worker/main.py", "svc/tests/test_a.py", "other/worker/config.py", "proj/src/lib_one/__init__.py",
    "proj/src/single.py", "proj/tests/t.py", "scripts/docker.py", "scripts/json.py", "scripts/run.py", "space/deep/mod.py",
    "pkg/vendor/__init__.py", "pkg/vendor/requests/__init__.py",
)


@pytest.mark.parametrize(
    ("importer", "name", "found"),
    [
        ("pkg/sub/b.py", ".", "pkg/sub/__init__.py"),
        ("pkg/sub/b.py", "..a", "pkg/a.py"),
        ("pkg/sub/b.py", "..", "pkg/__init__.py"),
        ("pkg/a.py", ".sub", "pkg/sub/__init__.py"),
        ("pkg/a.py", "...x", None),
        ("pkg/sub/b.py", "pkg.a", "pkg/a.py"),
        ("pkg/sub/b.py", "config", "config.py"),
        ("svc/worker/main.py", "config", "svc/worker/config.py"),
        ("svc/worker/main.py", "worker.config", "svc/worker/config.py"),
        ("svc/tests/test_a.py", "worker.config", "svc/worker/config.py"),
        ("proj/tests/t.py", "lib_one", "proj/src/lib_one/__init__.py"),
        ("proj/tests/t.py", "single", "proj/src/single.py"),
        ("proj/tests/t.py", "deep.mod", "space/deep/mod.py"),
        ("pkg/a.py", "logging", None),
        ("scripts/run.py", "json", "scripts/json.py"),
        ("main.py", "json", None),
        ("main.py", "docker", None),
        ("main.py", "requests", None),
        ("main.py", "nowhere.at.all", None),
    ],
)
def test_a_module_is_found_where_python_would_find_it(importer: str, name: str, found: str | None) -> None:
    unit = parse("", importer)
    assert PythonFrontend().locate(TREE, unit, name) == ((found,) if found else ())


DEEP = 100_000


@pytest.mark.parametrize(
    "source",
    [
        b"x = " + b"(" * DEEP + b")" * DEEP,
        b"x = " + b"(" * DEEP + b"1" + b"+1)" * DEEP,
        b"x = 'a'" + b"+'b'" * DEEP,
        b"x = a" + b" or a" * DEEP,
        b"x = " + b"f(" * DEEP + b")" * DEEP,
        b"x = a" + b".b()" * DEEP,
        b"x = " + b"[" * DEEP + b"]" * DEEP,
        b"x = " + b"not " * DEEP + b"a",
        b"x = " + b"a if b else " * DEEP + b"c",
        b"f = " + b"lambda a=" * DEEP + b"1" + b": 1" * DEEP,
        b"x = " * DEEP + b"1",
        b"(" * DEEP + b"a" + b",)" * DEEP + b" = 1",
        b"x = [1 " + b"for a in b " * DEEP + b"]",
        b"if a:\n b()\n" + b"elif c == 1:\n d()\n" * 30_000 + b"else:\n e()\n",
        b"match x:\n" + b" case 1:\n  d()\n" * 30_000,
        b"try:\n a()\n" + b"except E:\n b()\n" * 30_000,
        b"def f():\n" + b"".join(b" " * n + b"if a:\n" for n in range(1, 250)) + b" " * 250 + b"g()\n",
        b"x = [\n" + b"'a',\n" * 30_000 + b"]",
        b"f(" + b"'-e', f'A={b}'," * 30_000 + b")",
        b"x = '" + b"\\N{" * DEEP + b"'",
        b"if a:\n" + b"    # note\n" * DEEP + b"    b()\n",
        b"x = 1\n" + b"\\\n" * DEEP,
        b"".join(b"from m%d import *\n" % n for n in range(20_000)),
        b"if a:\n" + b" from m import (b\n" * 30_000,
    ],
    ids=lambda source: source[:14].decode().replace("\n", " "),
)
def test_deep_and_long_input_is_read_in_linear_time_without_recursion(source: bytes) -> None:
    start = time.process_time()
    unit = parse(source)
    for decl in (module(unit), *unit.functions.values()):
        assert decl.body is not None
    assert time.process_time() - start < 4


def test_a_file_that_the_grammar_cannot_finish_is_given_up() -> None:
    with pytest.raises(UnreadableError, match="too long"):
        parse(b"\x0cprint " + b"@~" * 8000 + b"@")


def test_a_block_of_comments_read_as_one_keeps_its_bytes_and_the_text_around() -> None:
    lines_of_comment = b"    # note\r\n" * 100
    data = b"if a:\r\n    x = '''\r\n" + lines_of_comment + b"# '''\r\n" + lines_of_comment + b"    y = 'end'\r\n"
    unit = parse(data)
    branch = module(unit).body.stmts[0]
    assert isinstance(branch, ir.If)
    first, second = branch.then.stmts
    assert isinstance(first, ir.Assign)
    assert isinstance(first.value, ir.Str)
    assert first.value.text == "\n" + "    # note\n" * 100 + "# "
    assert data[second.span[0] : second.span[1]] == b"y = 'end'"
    assert unit.comments is not None
    assert unit.comments(data.index(b"y = ") - 20)


def test_a_long_chain_keeps_every_branch() -> None:
    source = "if a == 0:\n x = 0\n" + "".join(f"elif a == {n}:\n x = {n}\n" for n in range(1, 300))
    shown = [line.strip() for line in top(source)]
    assert [line for line in shown if line.startswith("x = ")] == [f"x = {n}" for n in range(300)]


def test_a_thousand_lines_are_lowered_quickly() -> None:
    source = "def f(a, b):\n" + '    x = run(["docker", "run", f"-e{a}={b}"], env={**a, "K": b or "d"})\n    if x:\n        return a.b(x)[0]\n' * 333
    spent = []
    for _ in range(3):
        unit = parse(source)
        start = time.process_time()
        assert unit.functions["f"].body.stmts
        spent.append(time.process_time() - start)
    assert min(spent) < 0.4  # about 0.015 s where nothing else runs and nothing is traced
