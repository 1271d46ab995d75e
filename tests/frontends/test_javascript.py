"""JavaScript and TypeScript as the intermediate form has them."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator

import pytest

from stigmer_lint.errors import UnreadableError
from stigmer_lint.flow.ir import (
    And,
    Assign,
    Attr,
    Block,
    Bool,
    Call,
    Compare,
    Cond,
    DictOf,
    Do,
    Expr,
    Fallback,
    Function,
    FunctionDecl,
    If,
    Import,
    Index,
    Join,
    ListOf,
    Loop,
    Name,
    Nil,
    Not,
    Num,
    Opaque,
    Return,
    Stmt,
    Stop,
    Str,
    Unit,
)
from stigmer_lint.flow.walk import expressions, own, places, statements
from stigmer_lint.frontends.javascript import JavaScriptFrontend
from stigmer_lint.model.span import SourceFile


def unit(text: str | bytes, language: str = "typescript") -> Unit:
    return JavaScriptFrontend(language).parse(SourceFile("a.ts", text.encode() if isinstance(text, str) else text))


def roots(found: Unit) -> list[FunctionDecl]:
    assert found.module is not None
    return [*found.functions.values(), *(m for c in found.classes.values() for m in c.methods.values()), found.module]


def body(text: str, language: str = "typescript") -> list[str]:
    found = unit(text, language)
    assert found.module is not None
    return list(lines(found.module.body))


def value(text: str, language: str = "typescript") -> str:
    """How the expression is lowered, in a short notation."""
    found = unit(f"x = {text}", language)
    assert found.module is not None
    last = found.module.body.stmts[-1]
    assert isinstance(last, Assign)
    return shown(last.value)


def lines(block: Block, indent: str = "") -> Iterator[str]:
    for stmt in block.stmts:
        yield from (indent + line for line in line_of(stmt))


def line_of(stmt: Stmt) -> Iterator[str]:
    match stmt:
        case Assign():
            yield f"{shown(stmt.target)} {stmt.op} {shown(stmt.value)}"
        case Do():
            yield shown(stmt.value)
        case Return():
            yield f"return {shown(stmt.value)}" if stmt.value is not None else "return"
        case Stop():
            yield f"stop {stmt.kind}"
        case If():
            yield f"if {shown(stmt.test)}"
            yield from lines(stmt.then, "  ")
            if stmt.other.stmts:
                yield "else"
                yield from lines(stmt.other, "  ")
        case Loop():
            over = f" {shown(stmt.target)} {'in' if stmt.indexed else 'of'} {shown(stmt.iterable)}" if stmt.target and stmt.iterable else ""
            yield f"loop{over}"
            yield from lines(stmt.body, "  ")


def shown(expr: Expr) -> str:
    match expr:
        case Str():
            return repr(expr.text)
        case Num():
            return expr.text
        case Bool():
            return str(expr.value).lower()
        case Nil():
            return "nil"
        case Name():
            return expr.id
        case Attr():
            return f"{shown(expr.base)}.{expr.name}"
        case Index():
            return f"{shown(expr.base)}[{shown(expr.key)}]"
        case Call():
            inside = ", ".join(("..." if arg.spread else "") + shown(arg.value) for arg in expr.args)
            return f"{'new ' if expr.new else ''}{shown(expr.callee)}({inside})"
        case Join():
            return "join(" + ", ".join(map(shown, expr.parts)) + ")"
        case ListOf():
            return "[" + ", ".join(("..." if item.spread else "") + shown(item.value) for item in expr.items) + "]"
        case DictOf():
            return "{" + ", ".join(("..." if p.key is None else shown(p.key) + ": ") + shown(p.value) for p in expr.pairs) + "}"
        case Cond():
            return f"({shown(expr.test)} ? {shown(expr.then)} : {shown(expr.other)})"
        case Fallback():
            return f"({shown(expr.first)} {'||' if expr.when == 'falsy' else '??'} {shown(expr.second)})"
        case And():
            return f"({shown(expr.left)} && {shown(expr.right)})"
        case Compare():
            return f"({shown(expr.left)} {expr.op} {shown(expr.right)})"
        case Not():
            return f"!{shown(expr.operand)}"
        case Function():
            params = ", ".join(param.name for param in expr.decl.params)
            return f"fn({params}){{{'; '.join(lines(expr.decl.body))}}}"
        case Opaque():
            return f"<{expr.why}>"
        case _:
            raise AssertionError(expr)


# What a file declares


def test_imports_of_every_form_are_known_without_lowering() -> None:
    found = unit(
        'import a, { b as c, type D } from "m"; import * as n from "node:child_process"; import fs = require("fs"); import "side";\n'
        'const x = require("x"), { y: z, w } = require("y"), p = require("q").promises; const l = await import("./l.js");\n'
        'async function f() { const { GenericContainer: G } = await import("testcontainers"); return new G(); }'
    )
    assert found.imports == {
        "a": Import("m", "default"), "c": Import("m", "b"), "D": Import("m", "D"), "n": Import("node:child_process"), "fs": Import("fs"),
        "x": Import("x"), "z": Import("y", "y"), "w": Import("y", "w"), "p": Import("q", "promises"), "l": Import("./l.js"),
        "G": Import("testcontainers", "GenericContainer"),
    }
    assert found.functions["f"].lowered is None
    assert list(lines(found.functions["f"].body)) == ["return new G()"]
    assert body('const x = require("x"); const { y } = require("y");') == []


def test_an_import_inside_a_string_or_comment_is_none() -> None:
    assert unit('// const x = require("x")\nconst t = `const y = require("y")`;').imports == {}


def test_es_exports_of_every_form() -> None:
    found = unit(
        "export const u = 1, { a, b: [c2 = 1, ...d], ...r } = o; export function f() {} export class C {} export enum E { A }\n"
        'export { u as v, f as default }; export * from "./all"; export * as ns from "./ns"; export { q as s, default as t } from "./q";'
    )
    assert found.exports == {
        "u": "u", "a": "a", "c2": "c2", "d": "d", "r": "r", "f": "f", "C": "C", "E": "E", "v": "u", "default": "f",
    }
    assert found.re_exports == (("*", "./all", "*"), ("ns", "./ns", "*"), ("s", "./q", "q"), ("t", "./q", "default"))


def test_default_exports_without_a_name_are_bound_to_default() -> None:
    assert body("export default { url: 'x' }") == ["default = {'url': 'x'}"]
    for text in ("export default { a: 1 }", "export default () => 1", "export default function () {}", "export default class {}"):
        assert unit(text).exports == {"default": "default"}, text
    assert "default" in unit("export default async () => 1").functions
    assert "default" in unit("export default class {}").classes
    assert unit("const a = 1; export default a").exports == {"default": "a"}
    assert unit("export = a").exports == {"default": "a"}


def test_commonjs_exports_name_what_the_file_declares() -> None:
    found = unit(
        'const a = 1; function run() {}\nmodule.exports = { a, go: run, b: "x", c() { return 1 }, ...require("./more"), e: require("./e").f };',
        "javascript",
    )
    assert found.exports == {"default": "default", "a": "a", "go": "run", "b": "exports.b", "c": "exports.c"}
    assert found.re_exports == (("*", "./more", "*"), ("e", "./e", "f"))
    assert list(lines(found.functions["exports.c"].body)) == ["return 1"]
    assert found.module is not None
    assert list(lines(found.module.body)) == [
        "a = 1",
        "default = {'a': a, 'go': run, 'b': 'x', 'c': exports.c, ...require('./more'), 'e': require('./e').f}",
        "exports.b = default.b",
    ]


def test_commonjs_members_and_single_exports() -> None:
    found = unit(
        "exports.a = exports.b = void 0; exports.start = async (u) => exports.stop(u); exports.stop = stop; function stop() {}\n"
        "module.exports.url = 'x'; const cfg = { host: 'h' }; module.exports = cfg;", "javascript",
    )
    assert found.exports == {"start": "exports.start", "stop": "stop", "url": "exports.url", "default": "cfg", "host": "exports.host"}
    assert list(lines(found.functions["exports.start"].body)) == ["return stop(u)"]
    assert found.module is not None
    assert list(lines(found.module.body)) == ["exports.url = 'x'", "cfg = {'host': 'h'}", "exports.host = cfg.host"]
    assert unit("module.exports = class Foo { go() {} }", "javascript").classes["Foo"].methods.keys() == {"go"}
    assert unit("module.exports = function (app) {}", "javascript").functions["default"].params[0].name == "app"


def test_functions_are_listed_wherever_the_top_level_makes_them() -> None:
    found = unit("function a() {} const b = () => 1, c = function () {}; if (x) { function d() {} } try { var e = async () => 2 } catch {}")
    assert found.functions.keys() == {"a", "b", "c", "d", "e"}
    assert found.module is not None
    assert [name for name in ("a", "b", "c", "d", "e") if f"{name} =" in "\n".join(lines(found.module.body))] == []


def test_a_class_has_fields_constructor_properties_methods_and_getters() -> None:
    found = unit(
        'class S<T> extends base.B<T> implements I { static url: string = "u"; on = async (e) => { go(e) }; @dec() k = 1;\n'
        "constructor(private readonly host: string, port = 1) { super(host) } get addr(): string { return this.host } @log() m() {} }"
    )
    klass = found.classes["S"]
    assert klass.bases == ("base.B", "I")
    assert {name: (field.type, field.default and shown(field.default)) for name, field in klass.fields.items()} == {
        "url": ("string", "'u'"), "k": ("", "1"), "host": ("string", None),
    }
    assert klass.methods.keys() == {"on", "constructor", "addr", "m"}
    assert list(lines(klass.methods["constructor"].body)) == ["this.host = host", "super(host)"]
    assert klass.methods["addr"].decorators == ("property",)
    assert klass.methods["addr"].result == "string"
    assert klass.methods["m"].decorators == ("log",)
    assert (klass.methods["m"].owner, klass.methods["m"].receiver) == ("S", "this")


def test_a_method_with_a_computed_name_is_kept_by_its_text() -> None:
    methods = unit("class A { [run]() { f() } *[Symbol.iterator]() { yield 1 } }").classes["A"].methods
    assert list(lines(methods["[run]"].body)) == ["f()"]
    assert "[Symbol.iterator]" in methods


def test_a_static_method_leaves_its_name_to_the_one_of_instances() -> None:
    for text in ("class A { static load() { s() } load() { i() } }", "class A { load() { i() } static load() { s() } }"):
        methods = unit(text).classes["A"].methods
        assert list(lines(methods["load"].body)) == ["i()"]
        assert list(lines(methods["static load"].body)) == ["s()"]


def test_a_call_that_makes_a_base_class_is_seen() -> None:
    text = "export class A extends Service('a', { run: () => { f() } }) { m() {} }"
    assert body(text) == ["Service('a', {'run': fn(){f()}})"]


def test_an_enum_is_a_class_whose_members_count_up() -> None:
    fields = unit("enum E { A, B = 3, C, D = 'x' }").classes["E"].fields
    assert {name: field.default and shown(field.default) for name, field in fields.items()} == {"A": "0", "B": "3", "C": "4", "D": "'x'"}


def test_parameters_carry_types_defaults_and_patterns() -> None:
    decl = unit("function f(this: X, a: string = 'd', { b, c: d = 1, ...r }: Opts = {}, [p, q], ...rest: string[]) { use(p) }").functions["f"]
    first, second, third, last = decl.params
    assert (first.name, first.type, first.default and shown(first.default)) == ("a", "string", "'d'")
    assert (second.name, second.pattern and shown(second.pattern)) == ("{1}", "{'b': b, 'c': (d ?? 1), ...r}")
    assert (third.name, third.pattern) == ("{2}", None)
    assert (last.name, last.rest, last.type) == ("rest", "*", "string[]")
    assert list(lines(decl.body)) == ["[p, q] = {2}", "use(p)"]


# Expressions


@pytest.mark.parametrize(
    ("text", "lowered"),
    [
        (r"'a\n\u{1F600}\uD83D\uDE00\x41\101\q'", repr("a\n\U0001f600\U0001f600AAq")),
        ("'a\\\nb'", "'ab'"),
        (r"'\ud83d'", repr("\ufffd")),
        ("`http://${host}:${port + 1}/`", "join('http://', host, ':', join(port, 1), '/')"),
        ("`plain`", "'plain'"),
        ("``", "''"),
        ("$`docker run ${x}`", "$(join('docker run ', x))"),
        ("'a' + b + (c + d) + 'e'", "join('a', b, join(c, d), 'e')"),
        ("a || b || c", "(a || (b || c))"),
        ("process.env.A ?? 'd'", "(process.env.A ?? 'd')"),
        ("process.env['A']", "process.env['A']"),
        ("import.meta.env.VITE_X", "import.meta.env.VITE_X"),
        ("a && !b", "(a && !b)"),
        ("a === b ? 1 : a !== c", "((a == b) ? 1 : (a != c))"),
        ("('k' in o) === (a <= b)", "(('k' in o) == (a order b))"),
        ("(await (f(x) as T)!)", "f(x)"),
        ("<T>a satisfies U", "a"),
        ("a?.b?.[c]?.(...d, e)", "a.b[c](...d, e)"),
        ("new a.B(1)", "new a.B(1)"),
        ("new A", "new A()"),
        ("[1, , ...a]", "[1, nil, ...a]"),
        ("{ a, [b]: 1, 'c d': 2, 3: 4, ...e }", "{'a': a, b: 1, 'c d': 2, '3': 4, ...e}"),
        ("{ m(a) { return a }, get g() { return 1 } }", "{'m': fn(a){return a}, 'g': fn(){return 1}()}"),
        ("async (x) => x + 1", "fn(x){return join(x, 1)}"),
        ("x => { y(x) }", "fn(x){y(x)}"),
        ("/a\\/b/gi", "$regex('a\\\\/b', 'gi')"),
        ("typeof x", "typeof(x)"),
        ("void 0", "nil"),
        ("undefined", "nil"),
        ("1_000n", "1000"),
        ("-1", "-1"),
        ("String(port)", "port"),
        ("(f(), 2)", "2"),
        ("a - b", "<arithmetic>"),
        ("a instanceof B", "<a type test>"),
        ("import('m')", "import('m')"),
        ("function* () { yield a }", "fn(){yielded by the function = []; yielded by the function.push(a); return yielded by the function}"),
        ("class { static u = 1; m() { return 2 } }", "{'u': 1, 'm': fn(){return 2}}"),
    ],
)
def test_expression(text: str, lowered: str) -> None:
    assert value(text) == lowered


def test_markup_is_opaque() -> None:
    assert value("<a b={c}>d</a>", "tsx") == "<JSX>"


def test_spans_are_bytes_and_template_pieces_have_their_own() -> None:
    data = "\ufeffconst é = `ü${ host }:1`;\r\nconst b = \"x\";".encode()
    found = unit(data)
    assert found.module is not None
    seen = {
        (type(one).__name__, data[one.span[0] : one.span[1]].decode())
        for stmt in statements(found.module.body) for expr in own(stmt) for one in expressions(expr)
    }
    assert seen == {("Name", "é"), ("Join", "`ü${ host }:1`"), ("Str", "ü"), ("Name", "host"), ("Str", ":1"), ("Name", "b"), ("Str", '"x"')}


def test_a_template_has_line_feeds_where_the_file_has_crlf() -> None:
    assert value("`a\r\nb`") == "'a\\nb'"


def test_undecodable_bytes_move_no_offset() -> None:
    data = b"a = '\xff\xfe'; b = 'c'"
    found = unit(data)
    assert found.module is not None
    last = found.module.body.stmts[-1]
    assert isinstance(last, Assign)
    assert data[last.value.span[0] : last.value.span[1]] == b"'c'"


# Statements


@pytest.mark.parametrize(
    ("text", "lowered"),
    [
        ("let a, b = 1;", ["a = nil", "b = 1"]),
        ("const { a, b: { c }, d: e = 1, ...r } = o", ["{'a': a, 'b': {'c': c}, 'd': (e ?? 1), ...r} = o"]),
        ("const [a, , b = 1, ...c] = o", ["[a, <nothing>, (b ?? 1), ...c] = o"]),
        ("a += 'x'; b ||= 1; c ??= 2; d -= 1; e++", ["a += 'x'", "b ?= 1", "c ?= 2", "d = <arithmetic>", "e = <arithmetic>"]),
        ("a.b = c[d] = {}", ["c[d] = {}", "a.b = c[d]"]),
        ("({ a, b: this.c = 1 } = o)", ["{'a': a, 'b': (this.c ?? 1)} = o"]),
        ("delete env.A", ["env.A = nil"]),
        ("f(a = 1)", ["a = 1", "f(a)"]),
        ("x = a && (b = 1)", ["if a", "  b = 1", "x = (a && b)"]),
        ("linux && args.push('x')", ["if linux", "  args.push('x')"]),
        ("ok || process.exit(1)", ["if !ok", "  stop function"]),
        ("a ? f() : g()", ["if a", "  f()", "else", "  g()"]),
        ("a(), b()", ["a()", "b()"]),
        ("if (a) b(); else if (c) { d() } else e()", ["if a", "  b()", "else", "  if c", "    d()", "  else", "    e()"]),
        ("for (const [k, v] of o) f(k)", ["loop [k, v] of o", "  f(k)"]),
        ("for (const k in o) { if (k) continue; break }", ["loop k in o", "  if k", "    stop loop", "  stop loop"]),
        ("for (let i = 0; i < n(); i++) f(i)", ["i = 0", "loop", "  (i order n())", "  f(i)", "  i = <arithmetic>"]),
        ("while ((m = f())) use(m)", ["loop", "  m = f()", "  use(m)"]),
        ("do { f() } while (a)", ["loop", "  f()"]),
        ("l: for (;;) break l", ["loop", "  stop loop"]),
        (
            "try { a() } catch (e) { b(e) } finally { c() }",
            ["a()", "if <whether an exception is thrown>", "  e = <an exception>", "  b(e)", "c()"],
        ),
        ("throw new Error('x')", ["stop function"]),
        ("class A { m() { return 1 } }", []),
        ("{ class A { m() { return 1 } } }", []),
        ("run(() => { class A { m() { return 1 } } })", ["run(fn(){A = {'m': fn(){return 1}}})"]),
        ("run(() => { f(g); function g() {} })", ["run(fn(){g = fn(){}; f(g)})"]),
        ("'use strict'; debugger;", []),
    ],
)
def test_statement(text: str, lowered: list[str]) -> None:
    assert body(text) == lowered


def test_a_switch_is_a_chain_of_comparisons_whose_breaks_end_the_case_only() -> None:
    assert body(
        "switch (p) { case 'a': case 'b': h = 1; break; default: h = 9; break; case 'c': { if (w) { h = 2; break } h = 3; break } }"
    ) == [
        "if ((p == 'a') || (p == 'b'))", "  h = 1", "else", "  if (p == 'c')", "    if w", "      h = 2", "    else", "      h = 3", "  else",
        "    h = 9",
    ]


def test_a_case_that_falls_through_runs_the_next_one_too() -> None:
    assert body("switch (p) { case 1: a(); case 2: b(); break; default: c() }") == [
        "if (p == 1)", "  a()", "if ((p == 1) || (p == 2))", "  b()", "else", "  c()",
    ]


def test_a_switch_over_true_tests_its_cases() -> None:
    assert body("switch (true) { case a > 1: f(); break }") == ["if (a order 1)", "  f()"]


def test_a_long_chain_of_branches_keeps_every_branch() -> None:
    found = unit("if (a0) f0();" + "".join(f" else if (a{n}) f{n}();" for n in range(1, 200)) + " else g()")
    assert found.module is not None
    called = [shown(stmt.value) for stmt in statements(found.module.body) if isinstance(stmt, Do)]
    assert called == [*(f"f{n}()" for n in range(200)), "g()"]


def test_links_of_statements_are_set() -> None:
    found = unit("if (a) { for (;;) { f() } }")
    assert found.module is not None
    inner = list(statements(found.module.body))[-1]
    assert inner.block is not None
    assert isinstance(inner.block.owner, Loop)
    assert inner.block.owner.block is not None
    assert (inner.block.owner.block.role, inner.block.owner.block.owner) == ("then", found.module.body.stmts[0])


def test_a_closure_knows_the_function_around_it() -> None:
    decl = unit("function f() { return () => 1 }").functions["f"]
    returned = decl.body.stmts[0]
    assert isinstance(returned, Return)
    assert isinstance(returned.value, Function)
    assert returned.value.decl.outer is decl


# Files that are wrong, large or hostile


def test_files_that_are_no_utf8_text_are_unreadable() -> None:
    for data in (b"a = 1;\0", "a = 1".encode("utf-16")):
        with pytest.raises(UnreadableError):
            unit(data)


def test_a_syntax_error_is_reported_and_the_rest_is_read() -> None:
    found = unit("const a = 1 1;\nfunction f() { return 1 }")
    assert found.error_at is not None
    assert "f" in found.functions
    assert unit("const a = 1").error_at is None


def test_comments_are_told_from_text() -> None:
    text = "a = 1 // note\nb = '// no'"
    inside = unit(text).comments
    assert inside is not None
    assert (inside(text.index("note")), inside(text.index("no'"))) == (True, False)


DEEP = 20_000


@pytest.mark.parametrize(
    "text",
    [
        "x = " + "(" * DEEP + "1" + ")" * DEEP,
        "x = " + "f(" * DEEP + ")" * DEEP,
        "x = a" + " + a" * DEEP,
        "x = a" + " || a" * DEEP,
        "x = a" + ".b()" * DEEP,
        "x = " + "a ? b : " * DEEP + "c",
        "x = " + "(a || (b = " * DEEP + "c" + "))" * DEEP,
        "a" + " && a" * DEEP,
        "a = " * DEEP + "1",
        "a" + ",a" * DEEP,
        "if (a) b(); " + "else if (a) b(); " * DEEP,
        "switch (a) {" + "case 1: b();" * DEEP + "}",
        "switch (a) { case 1: " + "if (b) break;" * DEEP + "}",
        "{" * DEEP + "}" * DEEP,
        "for (;;) " * DEEP + "x()",
        "f(() => { " * DEEP + "})" * DEEP,
        "x = " + "a => " * DEEP + "1",
        "class A { m() { " * DEEP + "}}" * DEEP,
        "x = " + "{a: " * DEEP + "1" + "}" * DEEP,
        "const " + "{a: " * DEEP + "b" + "}" * DEEP + " = x",
        "`${" * DEEP + "1" + "}`" * DEEP,
        "x = [" + "1," * 30_000 + "]",
        "x = '" + "\\n" * 500_000 + "'",
        "exports.exports." * DEEP + " = 1",
        "(" * DEEP,
    ],
    ids=lambda text: text[:24],
)
def test_depth_and_size_cost_neither_the_stack_nor_more_than_linear_time(text: str) -> None:
    began = time.process_time()
    found = unit(text, "javascript")
    for decl in roots(found):
        for _ in places(decl):
            pass
    del found
    gc.collect()
    # Quadratic time at this depth is minutes.
    assert time.process_time() - began < 20


def test_a_thousand_lines_are_lowered_in_milliseconds() -> None:
    text = "".join(
        f"export async function f{n}(opts = {{}}) {{\n  const url = process.env.URL{n} ?? `http://localhost:${{opts.port}}`;\n"
        f"  if (opts.a && url !== 'x') {{\n    await run('docker', ['run', '-e', `A=${{url}}`, ...opts.args]);\n  }}\n  return {{ url, n: {n} }};\n}}\n"
        for n in range(150)
    )
    best = 1.0
    for _ in range(3):
        began = time.process_time()
        for decl in roots(unit(text)):
            assert decl.body is not None
        best = min(best, time.process_time() - began)
    # About 10 ms; the bound leaves room for a busy machine.
    assert best < 0.2
