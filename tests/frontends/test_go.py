"""The Go frontend: what each construct is lowered to, where packages lie, and what hostile input costs."""

from __future__ import annotations

import sys
import textwrap
import time
from collections.abc import Iterable, Iterator
from posixpath import basename, dirname

import msgspec
import pytest

from stigmer_lint.errors import UnreadableError
from stigmer_lint.flow import ir
from stigmer_lint.frontends.go import GoFrontend, import_names, package_files
from stigmer_lint.model.span import SourceFile

GO = GoFrontend()


def parse(text: str | bytes) -> ir.Unit:
    data = text if isinstance(text, bytes) else text.encode()
    return GO.parse(SourceFile("a.go", data))


def show(e: ir.Expr | None) -> str:
    match e:
        case None:
            return "-"
        case ir.Str():
            return repr(e.text)
        case ir.Num():
            return e.text
        case ir.Bool():
            return str(e.value).lower()
        case ir.Nil():
            return "nil"
        case ir.Name():
            return e.id
        case ir.Attr():
            return f"{show(e.base)}.{e.name}"
        case ir.Index():
            return f"{show(e.base)}[{show(e.key)}]"
        case ir.Slice():
            return f"{show(e.base)}[{show(e.low)}:{show(e.high)}]"
        case ir.Call():
            return f"{show(e.callee)}({', '.join(arg.spread + show(arg.value) for arg in e.args)})"
        case ir.Join():
            return f"({' + '.join(map(show, e.parts))})"
        case ir.ListOf():
            return f"{e.type}[{', '.join(show(item.value) for item in e.items)}]"
        case ir.DictOf() | ir.Record():
            ends = "{}" if isinstance(e, ir.DictOf) else "<>"
            return e.type + ends[0] + ", ".join(f"{show(pair.key)}: {show(pair.value)}" for pair in e.pairs) + ends[1]
        case ir.Fallback():
            return f"({show(e.first)} or {show(e.second)})"
        case ir.And():
            return f"({show(e.left)} and {show(e.right)})"
        case ir.Compare():
            return f"({show(e.left)} {e.op} {show(e.right)})"
        case ir.Not():
            return f"not {show(e.operand)}"
        case ir.Function():
            return "func { " + "; ".join(line.strip() for line in lines(e.decl.body)) + " }"
        case ir.Opaque():
            return f"?{e.why}?"
    raise AssertionError(e)


def lines(block: ir.Block, pad: str = "") -> Iterator[str]:
    for stmt in block.stmts:
        match stmt:
            case ir.Assign():
                yield f"{pad}{show(stmt.target)} {':' if stmt.declares else ''}{stmt.op} {show(stmt.value)}"
            case ir.Do():
                yield pad + show(stmt.value)
            case ir.Return():
                yield f"{pad}return{' several' if stmt.several else ''} {show(stmt.value)}"
            case ir.Stop():
                yield f"{pad}stop {stmt.kind}"
            case ir.If():
                yield f"{pad}if {show(stmt.test)}"
                yield from lines(stmt.then, pad + "  ")
                if stmt.other.stmts:
                    yield pad + "else"
                    yield from lines(stmt.other, pad + "  ")
            case ir.Loop():
                yield f"{pad}for {show(stmt.target)} {'indexed ' if stmt.indexed else ''}in {show(stmt.iterable)}"
                yield from lines(stmt.body, pad + "  ")


def body(code: str, head: str = "") -> str:
    unit = parse(f"package p\n{head}\nfunc f() {{\n{code}\n}}\n")
    assert unit.error_at is None
    return "\n".join(lines(unit.functions["f"].body))


def value(code: str, head: str = "") -> str:
    unit = parse(f"package p\n{head}\nvar x = {code}\n")
    assert unit.error_at is None, code
    assert unit.module is not None
    assign = unit.module.body.stmts[-1]
    assert isinstance(assign, ir.Assign)
    return show(assign.value)


def expressions(block: ir.Block) -> Iterator[ir.Expr]:
    waiting: list[object] = [block]
    while waiting:
        here = waiting.pop()
        if isinstance(here, tuple):
            waiting += here
        elif isinstance(here, ir.Function):
            yield here
            waiting.append(here.decl.body)
        elif isinstance(here, msgspec.Struct):
            if isinstance(here, ir.Expr):
                yield here
            waiting += [getattr(here, name) for name in here.__struct_fields__ if name not in ("block", "owner", "decl")]


@pytest.mark.parametrize(
    ("code", "lowered"),
    [
        (r'"a\n\x41\101\u00e9\U0001F600\"\\"', repr('a\nAA\u00e9\U0001f600"\\')),
        (r'"\xc3\xa9"', repr("\u00e9")),
        ("`raw\\n`", repr("raw\\n")),
        ("'/'", "'/'"),
        ("1_000", "1000"),
        ("-1", "-1"),
        ("a.b.C", "a.b.C"),
        ("m[k]", "m[k]"),
        ("s[1:]", "s[1:-]"),
        ('"a" + (b + "c") + d()', "('a' + b + 'c' + d())"),
        ("a || b || c", "(a or (b or c))"),
        ("a && b && c", "(a and (b and c))"),
        ('a == "x" || !b', "((a == 'x') or not b)"),
        ("a < 1", "(a order 1)"),
        ("a * b", "?arithmetic?"),
        ("<-c", "?received from a channel?"),
        ("f(a, xs...)", "f(a, *xs)"),
        ('fmt.Sprintf("%s:%d", h, p)', "fmt.Sprintf('%s:%d', h, p)"),
        ("append([]string{}, a...)", "append(string[], *a)"),
        ("make([]string, 0, 4)", "make([]string, 0, 4)"),
        ("iota", "?iota?"),
    ],
)
def test_an_expression_is_lowered(code: str, lowered: str) -> None:
    assert value(code) == lowered


@pytest.mark.parametrize(
    "code", ["string(a)", "[]byte(a)", "[]string(a)", "(a)", "(/* why */ a)", "&a", "*a", "a.(string)", "Mode(a)", "(*Mode)(a)", "map[string]int(a)"]
)  # fmt: skip
def test_conversions_and_pointers_vanish(code: str) -> None:
    assert value(code, "type Mode string") == "a"


@pytest.mark.parametrize(
    ("code", "lowered"),
    [
        ("f[int](a)", "f(a)"),
        ("f[int](a, b)", "f(a, b)"),
        ("pkg.F[T](a)", "pkg.F(a)"),
        ("pkg.F[K, V](a, b)", "pkg.F(a, b)"),
        ('m["k"](a)', "m['k'](a)"),
    ],
)
def test_type_arguments_vanish_from_calls(code: str, lowered: str) -> None:
    assert value(code) == lowered


@pytest.mark.parametrize(
    ("code", "lowered"),
    [
        ('[]string{"a", b}', "string['a', b]"),
        ('[...]string{"a"}', "string['a']"),
        ('[...]string{one: "a"}', "string{one: 'a'}"),
        ('map[string]string{"a": "b", k: v}', "map[string]string{'a': 'b', k: v}"),
        ("Foo{A: 1, B: x}", "Foo<'A': 1, 'B': x>"),
        ("pkg.Foo{1, x}", "pkg.Foo<'0': 1, '1': x>"),
        ("&Foo[int]{A: 1}", "Foo<'A': 1>"),
        ("[]Foo{{A: 1}, {2}}", "Foo[Foo<'A': 1>, Foo<'0': 2>]"),
        ("[]*pkg.Foo{{A: 1}, nil}", "pkg.Foo[pkg.Foo<'A': 1>, nil]"),
        ('map[string]Foo{"k": {A: 1}}', "map[string]Foo{'k': Foo<'A': 1>}"),
        ('map[Key][]Foo{{B: 2}: {{A: 1}}}', "map[Key][]Foo{Key<'B': 2>: Foo[Foo<'A': 1>]}"),
        ('[][]string{{"a"}}', "[]string[string['a']]"),
        ('[]map[string]string{{"a": "b"}}', "map[string]string[map[string]string{'a': 'b'}]"),
        ('[]struct{ name, value string }{{"A", "b"}}', "struct[struct<'name': 'A', 'value': 'b'>]"),
        ('Env{"A": "b"}', "Env{'A': 'b'}"),
        ('nat.PortMap{"80/tcp": []nat.PortBinding{{HostPort: "80"}}}', "nat.PortMap{'80/tcp': nat.PortBinding[nat.PortBinding<'HostPort': '80'>]}"),
        ('nat.PortMap{port: {{HostPort: "80"}}, "x": nil}', "nat.PortMap{port: [<'HostPort': '80'>], 'x': nil}"),
        ("Words{a, b}", "string[a, b]"),
        ("new(Foo)", "Foo<>"),
        ("new(pkg.Foo)", "pkg.Foo<>"),
        ("new(string)", "nil"),
    ],
)
def test_a_composite_literal_is_lowered(code: str, lowered: str) -> None:
    assert value(code, "type Env map[string]string\ntype Words []string") == lowered


def test_the_value_in_new_stands_for_it() -> None:
    assert body('host := g()\na := new("x")\nb := new(host)\nc := T{A: new(cfg.Host()), B: new(int32(1))}') == textwrap.dedent("""\
        host := g()
        a := 'x'
        b := host
        c := T<'A': cfg.Host(), 'B': 1>""")


@pytest.mark.parametrize(
    ("code", "lowered"),
    [
        ("a, b := x, y", "a := x\nb := y"),
        ("a, b = b, a", "a = b\nb = ?exchanged with another variable?"),
        ("a, err := g()", "[a, err] := g()"),
        ("_ = g()", "g()"),
        ("a.b, c[i] = x, y", "a.b = x\nc[i] = y"),
        ("*p = x", "p = x"),
        ('a += "x"', "a += 'x'"),
        ("a &^= 3", "a = ?arithmetic?"),
        ("var a, b = 1, 2", "a := 1\nb := 2"),
        ("var (\na string\nb = 1\n)", "a := nil\nb := 1"),
        ('const a, b = "x", iota', "a := 'x'\nb := ?iota?"),
        ("return", "return -"),
        ("return a", "return a"),
        ("return a, nil", "return several [a, nil]"),
        ("go g(); defer h()", "g()\nh()"),
        ("{ a(); { b() } }; c()", "a()\nb()\nc()"),
        ("L: for { break L }", "for - in -\n  stop loop"),
        ("i++; c <- g(); <-h()", "g()\nh()"),
        ("panic(x)", "panic(x)\nstop function"),
        ("os.Exit(1)", "os.Exit(1)\nstop function"),
        ('log.Fatalf("x")', "log.Fatalf('x')\nstop function"),
        ("t.Fatal(err)", "t.Fatal(err)\nstop function"),
        ('log.Fatal().Err(err).Msg("x")', "log.Fatal().Err(err).Msg('x')\nstop function"),
        ("assert.Panics(t, g)", "assert.Panics(t, g)"),
    ],
)
def test_a_statement_is_lowered(code: str, lowered: str) -> None:
    assert body(code) == lowered


def test_an_if_chain_nests_with_its_initializers_in_front() -> None:
    assert body("if a := g(); a { b() } else if c := h(); c == nil { d() } else { e() }") == textwrap.dedent("""\
        a := g()
        if a
          b()
        else
          c := h()
          if (c == nil)
            d()
          else
            e()""")


def test_a_switch_nests_with_its_default_last() -> None:
    code = 'switch x := g(); x {\ndefault: d()\ncase "a", "b": e(); break\ncase "c": if y { break }; h()\n}'
    assert body(code) == textwrap.dedent("""\
        x := g()
        if (x in ['a', 'b'])
          e()
        else
          if (x == 'c')
            if y
            h()
          else
            d()""")


def test_a_switch_without_a_tag_tests_its_cases() -> None:
    assert body("switch {\ncase a, b: c()\ncase d: e()\n}") == "if (a or b)\n  c()\nelse\n  if d\n    e()"


def test_a_type_switch_names_its_operand_and_cannot_tell_the_type() -> None:
    assert body("switch v := x.(type) {\ncase string: g(v)\ndefault: h()\n}") == "v := x\nif ?type of a value?\n  g(v)\nelse\n  h()"


def test_a_select_is_a_choice() -> None:
    ready = "?whichever channel is ready?"
    received = "?received from a channel?"
    assert body("for { select {\ncase v, ok := <-c: g(v)\ncase <-ctx.Done(): return\ndefault: continue\n} }") == textwrap.dedent(f"""\
        for - in -
          if {ready}
            [v, ok] := {received}
            g(v)
          else
            if {ready}
              ctx.Done()
              return -
            else
              stop loop""")


@pytest.mark.parametrize(
    ("code", "lowered"),
    [
        ("for i, v := range xs { g(v); break }", "for [i, v] indexed in xs\n  g(v)\n  stop loop"),
        ("for i := range 10 { g() }", "for i indexed in 10\n  g()"),
        ("for range xs { g() }", "for - indexed in xs\n  g()"),
        ("for i := 0; i < n; i += 2 { g() }", "i := 0\nfor - in -\n  g()\n  i += 2"),
        ("for g() != nil { h() }", "for - in -\n  (g() != nil)\n  h()"),
        ("for {}", "for - in -"),
    ],
)
def test_a_loop_is_lowered(code: str, lowered: str) -> None:
    assert body(code) == lowered


def test_every_statement_knows_its_block_and_place() -> None:
    function = parse("package p\nfunc f() { a(); if x { b(); for { c() } } else { d() } }").functions["f"]
    waiting = [function.body]
    seen = 0
    while waiting:
        block = waiting.pop()
        for index, stmt in enumerate(block.stmts):
            seen += 1
            assert stmt.block is block
            assert stmt.index == index
            if isinstance(stmt, ir.If):
                assert (stmt.then.owner, stmt.then.role, stmt.other.role) == (stmt, "then", "other")
                waiting += (stmt.then, stmt.other)
            elif isinstance(stmt, ir.Loop):
                assert (stmt.body.owner, stmt.body.role) == (stmt, "loop")
                waiting.append(stmt.body)
    assert seen == 6


def test_a_closure_knows_the_function_around_it() -> None:
    function = parse("package p\nfunc f(a int) { g := func(b string, c ...int) error { return h(func() {}) } }").functions["f"]
    closures = [e.decl for e in expressions(function.body) if isinstance(e, ir.Function)]
    outer, inner = sorted(closures, key=lambda decl: decl.span)
    assert outer.outer is function
    assert inner.outer is outer
    assert [(p.name, p.type, p.rest) for p in outer.params] == [("b", "string", ""), ("c", "int", "*")]
    assert outer.result == "error"


def test_a_bare_return_gives_the_named_results() -> None:
    unit = parse('package p\nfunc f() (url string, err error) { url = "x"; return }')
    assert "\n".join(lines(unit.functions["f"].body)) == "url := nil\nerr := nil\nurl = 'x'\nreturn several [url, err]"


SAMPLE = """\
package launcher // the name

import "os"
import (
	"fmt"
	. "example.com/dots"
	_ "example.com/effects"
	tc "github.com/testcontainers/testcontainers-go"
	`os/exec`
	"github.com/ory/dockertest/v3"
	"gopkg.in/yaml.v3"
	"github.com/testcontainers/testcontainers-go/modules/go-redis"
)

const (
	A = iota
	B
)

var url, port = "http://localhost", 1

type Config struct {
	Host, Name string `env:"HOST"`
	*pkg.Base
	Generic[int]
	Tags []string "x:\\"y\\""
}

type (
	Runner interface { Run(args []string) error; fmt.Stringer }
	Mode string
)

func (c *Config) Start(ctx context.Context, a, b string, rest ...int) error { return nil }
func (Other[K]) Stop() {}
func init() { one() }
func init() { two() }
func New[T any](func(int) string, string) *Config { return nil }

var last = url
"""


def test_the_top_level_is_read_without_lowering_a_body() -> None:
    unit = parse(SAMPLE)
    assert (unit.language, unit.package, unit.error_at) == ("go", "launcher", None)
    assert {name: stands.module for name, stands in unit.imports.items() if name.isidentifier()} == {
        "os": "os",
        "fmt": "fmt",
        "tc": "github.com/testcontainers/testcontainers-go",
        "exec": "os/exec",
        "dockertest": "github.com/ory/dockertest/v3",
        "yaml": "gopkg.in/yaml.v3",
        "redis": "github.com/testcontainers/testcontainers-go/modules/go-redis",
    }
    assert unit.star_imports == ("example.com/dots",)
    assert list(unit.functions) == ["init", "init#1", "New"]
    assert [(p.name, p.type) for p in unit.functions["New"].params] == [("", "func(int) string"), ("", "string")]
    config = unit.classes["Config"]
    assert config.bases == ("pkg.Base", "Generic")
    assert [(f.name, f.type, f.tag) for f in config.fields.values()] == [
        ("Host", "string", 'env:"HOST"'), ("Name", "string", 'env:"HOST"'), ("Tags", "[]string", 'x:"y"'),
    ]  # fmt: skip
    start = config.methods["Start"]
    assert (start.owner, start.receiver, start.result) == ("Config", "c", "error")
    assert [(p.name, p.type, p.rest) for p in start.params] == [("ctx", "context.Context", ""), ("a", "string", ""), ("b", "string", ""), ("rest", "int", "*")]
    assert list(unit.classes["Other"].methods) == ["Stop"]
    assert unit.classes["Mode"].bases == ("string",)
    assert unit.classes["Runner"].bases == ("fmt.Stringer",)
    assert [(f.name, f.type) for f in unit.classes["Runner"].fields.values()] == [("Run", "func(args []string) error")]
    assert all(f.lowered is None for f in unit.functions.values())
    assert unit.module is not None
    assert list(lines(unit.module.body)) == [
        "A := ?iota?", "B := ?constant that repeats the one above?", "url := 'http://localhost'", "port := 1", "last := url",
    ]  # fmt: skip


def test_an_import_is_known_by_its_conventional_names() -> None:
    assert import_names("k8s.io/api/core/v1") == ("core",)
    assert import_names("v1") == ("v1",)
    assert "testcontainers" in import_names("github.com/testcontainers/testcontainers-go")
    assert "isatty" in import_names("github.com/mattn/go-isatty")


def test_a_comment_is_told_from_code() -> None:
    unit = parse(SAMPLE)
    assert unit.comments is not None
    assert unit.comments(SAMPLE.index("the name"))
    assert not unit.comments(SAMPLE.index("launcher"))


@pytest.mark.parametrize("prefix", [b"", b"\xef\xbb\xbf"])
def test_offsets_are_bytes_of_the_file_as_it_is(prefix: bytes) -> None:
    data = prefix + "package p\r\n// \u00e9\u4e16\r\nvar a = \"\u00e9\"\r\nvar b = `x\r\ny`\r\nvar c = \"\u4e16\" + z\r\n".encode() + b'var d = "\xff!"\r\n'
    unit = parse(data)
    assert unit.error_at is None
    assert unit.module is not None
    texts = [(e.text, data[slice(*e.span)]) for e in expressions(unit.module.body) if isinstance(e, ir.Str)]
    assert sorted(texts) == sorted([
        ("\u00e9", '"\u00e9"'.encode()), ("x\ny", b"`x\r\ny`"), ("\u4e16", '"\u4e16"'.encode()), ("\ufffd!", b'"\xff!"'),
    ])  # fmt: skip
    assert [data[slice(*e.span)] for e in expressions(unit.module.body) if isinstance(e, ir.Name) and e.id == "z"] == [b"z"]


@pytest.mark.parametrize(("data", "offset"), [(b"package p\nvar a = \x00", 18), ("package p".encode("utf-16"), 0)])
def test_a_file_that_is_not_go_text_is_unreadable(data: bytes, offset: int) -> None:
    with pytest.raises(UnreadableError) as raised:
        parse(data)
    assert raised.value.offset == offset


def test_a_broken_place_hides_nothing_around_it() -> None:
    unit = parse("package p\nfunc f() {\n\ta()\n\tx := := 3\n\tb()\n}\nfunc g() { c() }\n")
    assert unit.error_at is not None
    assert {"a()", "b()"} <= set(lines(unit.functions["f"].body))
    assert list(lines(unit.functions["g"].body)) == ["c()"]


N = 100_000

HOSTILE = {
    "parentheses": "var x = " + "(" * N + '"a"' + ")" * N,
    "unclosed parentheses": "var x = " + "(" * N,
    "plus": 'var x = "a"' + '+"b"' * N,
    "plus to the right": "var x = " + '("a"+' * N + '"b"' + ")" * N,
    "minus": "var x = 1" + "-1" * 20_000,
    "or": "var x = a" + "||b" * 20_000,
    "not": "var x = " + "!" * N + "a",
    "calls": "var x = " + "f(" * 20_000 + ")" * 20_000,
    "methods": "var x = f" + ".g()" * 20_000,
    "selectors": "var x = f" + ".g" * 20_000,
    "conversions": "var x = " + "string(" * 20_000 + "a" + ")" * 20_000,
    "type arguments": "var x = " + "f[" * 20_000 + "int" + "]" * 20_000 + "(x)",
    "blocks": "func f() " + "{" * N + "}" * N,
    "ifs": "func f() {" + "if x {" * 20_000 + "}" * 20_000 + "}",
    "else ifs": "func f() { if x {" + "} else if y { a()" * 20_000 + "}}",
    "cases": 'func f() { switch x {' + 'case "a": f();' * 20_000 + "}}",
    "case values": "func f() { switch x { case " + '"a",' * 20_000 + '"b": f()}}',
    "labels": "func f() {" + "L: " * 20_000 + "g()}",
    "closures": "func f() {" + "func(){" * 20_000 + "}()" * 20_000 + "}",
    "literals": "var x = []T" + "{" * 20_000 + "}" * 20_000,
    "long slice": "var x = []string{" + '"a",' * 20_000 + "}",
    "elements of a long type": "var x = []" + "*" * 10_000 + "struct{" + "a int;" * 10_000 + "}{" + "{1}," * 20_000 + "}",
    "long type": "var x = " + "[]" * 20_000 + "T{}",
    "names": "var a" + ",a" * 20_000 + " = f()",
    "broken strings": '"\n' * 20_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_input_is_bounded_in_stack_and_time(name: str) -> None:
    depth, frame = 0, sys._getframe()
    while frame.f_back is not None:
        depth, frame = depth + 1, frame.f_back
    limit = sys.getrecursionlimit()
    started = time.process_time()
    sys.setrecursionlimit(depth + 500)
    try:
        unit = parse("package p\n" + HOSTILE[name])
        assert unit.module is not None
        for function in (unit.module, *unit.functions.values()):
            for expression in expressions(function.body):
                assert expression.span[0] <= expression.span[1]
    finally:
        sys.setrecursionlimit(limit)
    assert time.process_time() - started < 5


def test_what_is_nested_too_deeply_is_opaque_and_what_is_around_it_stays() -> None:
    text = value("a(" * 200 + "b" + ")" * 200)
    assert text.startswith("a(a(a(")
    assert "?nested too deeply?" in text


def test_many_cases_stay_in_sight_as_things_that_may_happen() -> None:
    shown = body("switch x {\n" + "".join(f'case "{n}": v = "{n}"\n' for n in range(200)) + 'default: v = "d"\n}')
    assert [line.strip() for line in shown.splitlines() if "v =" in line] == [f"v = '{n}'" for n in range(200)] + ["v = 'd'"]


class Files:
    """A tree in memory."""

    def __init__(self, files: dict[str, str]) -> None:
        self.files = {path: SourceFile(path, text.encode()) for path, text in files.items()}

    def source(self, path: str) -> SourceFile | None:
        return self.files.get(path)

    def has(self, path: str) -> bool:
        return path in self.files

    def folder(self, path: str) -> Iterable[str]:
        return [each for each in self.files if dirname(each) == path]

    def named(self, name: str) -> Iterable[str]:
        return sorted((each for each in self.files if basename(each) == name), key=len)


def locate(files: dict[str, str], importer: str, module: str) -> tuple[str, ...]:
    tree = Files(dict.fromkeys((importer, *files), "package p") | files)
    return GO.locate(tree, ir.Unit(importer, "go"), module)


def test_a_package_is_found_through_the_longest_module_path() -> None:
    files = {
        "go.mod": "module example.com/app // root\n",
        "lib/go.mod": 'module "example.com/app/lib"\n',
        "main.go": "", "cfg/a.go": "", "cfg/a_test.go": "", "lib/cfg/b.go": "", "other/lib/cfg/c.go": "",
    }  # fmt: skip
    assert locate(files, "main.go", "example.com/app/cfg") == ("cfg/a.go",)
    assert locate(files, "main_test.go", "example.com/app/cfg") == ("cfg/a.go", "cfg/a_test.go")
    assert locate(files, "main.go", "example.com/app/lib/cfg") == ("lib/cfg/b.go",)
    assert locate(files, "lib/cfg/b.go", "example.com/app") == ("main.go",)
    assert locate(files, "main.go", "example.com/app/missing") == ()
    assert locate(files, "main.go", "example.com/application/cfg") == ()


@pytest.mark.parametrize(
    "replace",
    ["replace example.com/api => ../api\n", "replace (\n\texample.com/z v1.0.0 => example.com/y v1.0.0\n\texample.com/api v1.2.3 => ../api // here\n)\n"],
)
def test_a_replaced_module_is_found_where_it_is_replaced(replace: str) -> None:
    files = {"svc/go.mod": "module example.com/svc\n\ngo 1.24\n" + replace, "svc/main.go": "", "api/v/a.go": ""}
    assert locate(files, "svc/main.go", "example.com/api/v") == ("api/v/a.go",)


def test_a_replacement_outside_the_tree_is_not_followed() -> None:
    files = {"go.mod": "module example.com/svc\nreplace example.com/api => ../api\n", "main.go": "", "api/a.go": ""}
    assert locate(files, "main.go", "example.com/api") == ()


def test_of_two_modules_of_one_name_the_nearer_wins() -> None:
    files = {f"{home}/{path}": text for home in ("a", "b/deep") for path, text in (("go.mod", "module example.com/m"), ("c/x.go", ""), ("main.go", ""))}
    assert locate(files, "b/deep/main.go", "example.com/m/c") == ("b/deep/c/x.go",)
    assert locate(files, "a/main.go", "example.com/m/c") == ("a/c/x.go",)


def test_without_a_module_file_a_unique_folder_that_ends_alike_is_taken() -> None:
    files = {"src/app/config/config.go": "", "src/app/cmd/main.go": "", "src/os/exec/exec.go": ""}
    assert locate(files, "src/app/cmd/main.go", "example.com/app/config") == ("src/app/config/config.go",)
    assert locate(files | {"old/app/config/config.go": ""}, "src/app/cmd/main.go", "example.com/app/config") == ()
    assert locate(files, "src/app/cmd/main.go", "os/exec") == ()
    assert locate(files, "src/app/cmd/main.go", "example.com/config") == ()
    # Under a module, a path of no module of the tree is a library.
    assert locate(files | {"src/go.mod": "module example.com/src"}, "src/app/cmd/main.go", "example.com/app/config") == ()


def test_the_files_of_a_package_are_those_of_its_folder_and_clause() -> None:
    tree = Files({
        "d/a.go": "\ufeff// Copyright\n/* package wrong\n*/ package d\n", "d/b.go": "package d // x", "d/b_test.go": "package d", "d/x_test.go": "package d_test",
        "d/main.go": "//go:build ignore\n\npackage main", "d/e/c.go": "package d", "d/note.txt": "package d", "d/none.go": "/* package d",
    })  # fmt: skip
    assert package_files(tree, "d/a.go") == ("d/b.go",)
    assert package_files(tree, "d/b_test.go") == ("d/a.go", "d/b.go")
    assert package_files(tree, "d/none.go") == ()
