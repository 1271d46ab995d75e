"""The shell frontend: words, expansions, tests, commands, places, and input that is broken or hostile."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

import pytest

from stigmer_lint.errors import UnreadableError
from stigmer_lint.flow import walk
from stigmer_lint.flow.ir import Call, Expr, FunctionDecl, Name, Str, Unit
from stigmer_lint.frontends.shell import ShellFrontend, looks_like_shell, parse_script
from stigmer_lint.model.span import SourceFile, Span
from stigmer_lint.model.value import Choice, Known, Template, Unknown

Lines = Callable[[FunctionDecl | None], list[str]]


def unit_of(script: str | bytes, path: str = "run.sh") -> Unit:
    return ShellFrontend().parse(SourceFile(path, script.encode() if isinstance(script, str) else script))


def expressions(unit: Unit) -> list[Expr]:
    return [place.expr for decl in (unit.module, *unit.functions.values()) if decl is not None for place in walk.places(decl)]


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("docker run -e A=1 'img x'", "$docker('run', '-e', 'A=1', 'img x')"),
        ('docker "a$X"b\'$Y\' c\\ d', "$docker('a' + X + 'b' + '$Y', 'c d')"),
        ("docker $'a\\n\\x41\\u00e9'", "$docker('a\\nAé')"),
        ("docker $X \"$X\" x$X", "$docker(X~, X, 'x' + X~)"),
        ("docker a\\\nb \\\n c", "$docker('ab', 'c')"),
        ('docker "${X:-http://localhost:1}" ${Y-}', "$docker((X || 'http://localhost:1'), (Y ?? '')~)"),
        ('docker "${X:-${Y:-"z"}}"', "$docker((X || (Y || 'z')))"),
        ('docker "${X:?no X}" "${X:+-e $X}"', "$docker($require(X, 'no X'), (X && '-e ' + X))"),
        ("docker ${X%%/*} ${X#a}", "$docker($strip(X, '%%', '/*')~, $strip(X, '#', 'a')~)"),
        ('docker "${X/localhost/$H}" "${X//a\\/b/}"', "$docker($replace(X, 'localhost', H), $replace_all(X, 'a/b', ''))"),
        ('docker "${X^^}" "${#X}" "${X:1:2}"', "$docker($upper(X), $length(X), X[1:3])"),
        ('docker "${!X}"', "$docker(<a variable named by another variable>)"),
        ('docker "$@" $* "$*" "${a[@]}" "${a[*]}" "${a[0]}" "${@:2}"', "$docker(*@, *@~, $join(@), *a, $join(a), a[0], *@[1:])"),
        ('docker "$(uname -s)" `uname`', "$docker($(($uname('-s')), $(($uname())~)"),
        ('x="$(echo "$X" | sed s/a/b/)"', "x = $(($pipe($echo(X), $sed('s/a/b/') < $echo(X)))"),
        ('x=$(a; b)', "x = $(({$a(); $b()})"),
        ("x=`echo \\`uname\\``", "x = $(($echo($(($uname())~))"),
        ("docker $((1 + X)) $((PORT))", "$docker(<arithmetic>, PORT)"),
        ("A=1 B=$X docker run", "'A'='1' 'B'=X $docker('run')"),
        ("${DOCKER:-docker} run", "<a computed command>((DOCKER || 'docker')~, 'run')"),
        ("docker run >log 2>&1 <in -d &", "$docker('run', '-d')"),
        ("docker <<< \"a $X\"", "$docker() < 'a ' + X"),
        ("docker x#y # z", "$docker('x#y')"),
    ],
)  # fmt: skip
def test_words_and_expansions(script: str, expected: str, lines: Lines) -> None:
    assert lines(unit_of(script).module) == [expected]


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("X=a; export Y=$X Z; readonly W=1", ["X = 'a'", "export Y = X", "export Z = Z", "W = '1'"]),
        ('export "U=http://$H"', ["export U = 'http://' + H"]),
        ("a=(-e \"A=$X\" $Y \"${b[@]}\"); a+=(c); a[1]=z", ["a = ['-e', 'A=' + X, Y~, *b]", "a += ['c']", "a[1] = 'z'"]),
        ("declare -A m=([k]=v [l]=$X)", ["local m = {'k': 'v', 'l': X}"]),
        ("f() { local x=$1 y; }", []),
        (": ${X:=d}", ["X ?= 'd'", "$:((X || 'd')~)"]),
        ("set -a; X=1; set +a; Y=2", ["$set('-a')", "export X = '1'", "$set('+a')", "Y = '2'"]),
        ("read -r -p 'what? ' X", ["X = <read from input>", "$read('-r', '-p', 'what? ', 'X')"]),
        ("set -- a \"$X\"", ["@ = ['a', X]", "1 = 'a'", "2 = X", "$set('--', 'a', X)"]),
        ("printf -v X '%s:1' \"$H\"", ["X = $(($printf('%s:1', H))"]),
    ],
)  # fmt: skip
def test_assignments(script: str, expected: list[str], lines: Lines) -> None:
    assert lines(unit_of(script).module) == expected


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ('[ "$X" = y ] && A=1 || A=2', "if X == 'y' {A = '1'} else {A = '2'}"),
        ("[[ $OSTYPE == darwin* ]] && a", "if OSTYPE glob 'darwin*' {$a()}"),
        ("[[ ! $X =~ ^a.(b|c)$ && -n $Y ]] && a", "if (!(X matches '^a.(b|c)$') && Y) {$a()}"),
        ("test -z \"$X\" -o \"$Y\" != b && a", "if (!(X) || Y != 'b') {$a()}"),
        ("a || exit 1", "if $a() {} else {stop function}"),
        ("a && b || c", "if $a() {$b()} else {$c()}"),
        ("cd x && X=1 && docker run", "if $cd('x') {X = '1'; $docker('run')}"),
        ("if a; then b; elif [ x ]; then c; else d; fi", "if $a() {$b()} else {if 'x' {$c()} else {$d()}}"),
        ("if ! a && b; then c; fi", "if (!($a()) && $b()) {$c()}"),
        ("case $(uname) in Darwin|MINGW*) a;; *) b; esac", "if ($(($uname()) glob 'Darwin' || $(($uname()) glob 'MINGW*') {$a()} else {$b()}"),
        ('for x in a $b "${c[@]}"; do d "$x"; done', "loop x in ['a', b~, *c] {$d(x)}"),
        ("for x; do d; done", "loop x in @ {$d()}"),
        ("while read -r l; do break; done <f", "loop {l = <read from input>; $read('-r', 'l'); stop loop}"),
        ("exec docker run", "$docker('run')|stop function"),
        ("(docker a; { docker b; })", "$docker('a')|$docker('b')"),
        ("echo x | docker run", "$echo('x')|$docker('run') < $echo('x')"),
        ("a | while :; do b; done", "$a()|loop {True; $b()}"),
    ],
)
def test_control_flow(script: str, expected: str, lines: Lines) -> None:
    assert "|".join(lines(unit_of(script).module)) == expected


def test_functions_keep_what_they_print_and_their_status(lines: Lines) -> None:
    unit = unit_of('resolve() { echo "$1" | sed s/a/b/; }\nfunction is_mac { [ $(uname) = Darwin ] && return 0; return 1; }\n')
    assert lines(unit.functions["resolve"]) == ["$pipe($echo(1), $sed('s/a/b/') < $echo(1))"]
    assert lines(unit.functions["is_mac"]) == ["if $(($uname()) == 'Darwin' {True; return}", "False", "return"]


@pytest.mark.parametrize(
    ("script", "given"),
    [
        ("cat <<E\nu: $X\nE\ndocker a\n", "'u: ' + X + '\\n'"),
        ("cat <<'E'\nu: $X\nE\ndocker a\n", "'u: $X\\n'"),
        ("cat <<\\E\nu: $X\nE\ndocker a\n", "'u: $X\\n'"),
        ("cat <<-E\n\t\tu: $X\n\t\ty\n\tE\ndocker a\n", "'u: ' + X + '\\ny\\n'"),
    ],
)
def test_here_documents_are_given_to_their_command(script: str, given: str, lines: Lines) -> None:
    assert lines(unit_of(script).module) == [f"$cat() < {given}", "$docker('a')"]


def test_a_here_document_without_end_keeps_what_stands_before_it(lines: Lines) -> None:
    unit = unit_of("docker a\ncat <<E\nx\n")
    assert lines(unit.module) == ["$docker('a')", "$cat() < 'x\\n'"]
    assert unit.error_at is not None


def test_every_expression_has_the_place_where_it_is_written() -> None:
    script = '# é\r\ndocker run -e "A=http://localhost:1" -e B=${X:-d}$Y \\\r\n  "$(f "$Z")"\r\n'.encode()
    unit = unit_of(b"\xef\xbb\xbf" + script)
    data = b"\xef\xbb\xbf" + script
    found = {data[slice(*one.span)] for one in expressions(unit)}
    assert {b"A=http://localhost:1", b"X:-d", b"X", b"d", b"Y", b"B=", b'$(f "$Z")', b"Z", b"docker"} <= found
    assert unit.comments is not None
    assert unit.comments(data.index(b"\xc3\xa9"))
    assert not unit.comments(data.index(b"docker"))


def test_sourced_files_are_named_by_their_literal_tail() -> None:
    unit = unit_of('. ./a.sh\nsource "$(dirname "$0")/lib/b.sh"\nsource ${BASH_SOURCE%/*}/c.sh\n. "$DIR/d.sh"\n. "$X"\n')
    assert unit.star_imports == ("./a.sh", "lib/b.sh", "c.sh", "d.sh")


class Files:
    def __init__(self, *paths: str) -> None:
        self.paths = paths

    def source(self, path: str) -> SourceFile | None:
        return SourceFile(path, b"") if path in self.paths else None

    def has(self, path: str) -> bool:
        return path in self.paths

    def folder(self, path: str) -> Iterable[str]:
        return [one for one in self.paths if one.rpartition("/")[0] == path]

    def named(self, name: str) -> Iterable[str]:
        return [one for one in self.paths if one.rpartition("/")[2] == name]


def test_a_sourced_file_is_sought_beside_then_at_the_root_then_by_its_tail() -> None:
    frontend, unit = ShellFrontend(), unit_of("", "bin/run.sh")
    tree = Files("bin/a.sh", "a.sh", "b.sh", "x/lib/c.sh", "y/d.sh", "z/d.sh")
    assert frontend.locate(tree, unit, "./a.sh") == ("bin/a.sh",)
    assert frontend.locate(tree, unit, "b.sh") == ("b.sh",)
    assert frontend.locate(tree, unit, "lib/c.sh") == ("x/lib/c.sh",)
    assert frontend.locate(tree, unit, "d.sh") == ()
    assert frontend.locate(tree, unit, "../../../etc/passwd") == ()
    assert frontend.locate(tree, unit, "/etc/profile") == ()


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"#!/bin/sh\n", True), (b"#!/usr/bin/env bash\n", True), (b"#! /usr/bin/env -S zsh -e\n", True), (b"#!/bin/dash", True),
        (b"#!/usr/bin/env python\n", False), (b"#!/usr/bin/fish\n", False), (b"echo\n", False), (b"", False),
    ],
)  # fmt: skip
def test_shebangs(data: bytes, expected: bool) -> None:
    assert looks_like_shell(data) is expected


@pytest.mark.parametrize("data", [b"a\0b", "docker run".encode("utf-16")])
def test_what_is_no_text_is_refused(data: bytes) -> None:
    with pytest.raises(UnreadableError):
        unit_of(data)


@pytest.mark.parametrize(
    "script",
    [
        "for x do a; done", "cat <<\\E || b\nx\nE\n", "[ $a = ~ ]", "if [ -x /b/vim; then\n:\nfi", "((a b) | c)", "case x in\n(a |\nb) c;; esac",
        "echo ${a//\\//_} ${b:-'}'} ${c##*/}", "f() ( a )", "select x in a; do b; done", "a=b[c] d", "echo $(( (1) + 2 ))", "x=${y:-$(z \"}\")}",
        "time -p a", "! a | b", "a |& b", "coproc a", "[[ a < b ]]", "a=([0]=x)", "echo a{b,c}", "if a; then { b; } fi",
        "while a\ndo b\ndone", "a; ( (b) )", "cat <(a) >(b)", "echo $[1+2]", "{ a; } 2>&1 | b", "case x in esac", "a() { b; } >c",
    ],
)  # fmt: skip
def test_what_bash_accepts_is_understood(script: str) -> None:
    assert unit_of(script).error_at is None


def test_a_broken_command_does_not_hide_the_next_ones(lines: Lines) -> None:
    unit = unit_of("f() {\n  if x; then\n    a\n}\ndocker run\nfi\ndocker run img )\ndocker stop\n")
    assert unit.error_at is not None
    assert lines(unit.module) == ["$docker('run')", "$docker('run', 'img')", "$docker('stop')"]


N = 20_000


@pytest.mark.parametrize(
    "script",
    [
        "x=" + "$(" * N, "x=" + "$(" * N + ")" * N, "(" * N, "(" * N + "a" + ")" * N, " && ".join(["a"] * N), " && a || ".join(["a"] * N),
        "if " + " && a || ".join(["a"] * N) + "; then b; fi", "a '" + "x y\n" * N, "cat <<EOF\n" + "x $y\n" * N, "cat <<A <<B\n" * N,
        "docker run " + " \\\n".join(f"-e A{i}=" for i in range(30_000)) + " img", 'x="' + "a" * 1_000_000 + '"', "x=" + "a$b" * N, "${" * N,
        "if a; then " * N, "`" * N, '"$(' * N, "case x in a) " * N, "{ " * N, "[[ " + "( a || b && " * N, "$((" * N, " | ".join(["a"] * N), "a() " * N,
        "case x in " + "?(" * N, "a=(" * N, "cat " + "<(a " * N, "elif a; then " * N, "if a; then b; " + "elif a; then b; " * N + "fi",
        "case x in " + "a) b;; " * N + "esac", "a[ " * N, "cat <<A '\n" * N, "$((a) " * N, "`a \\`" * N, 'cat <<E "' + "a\\b" * N,
    ],
    ids=range(34),
)  # fmt: skip
def test_hostile_scripts_take_linear_time_and_shallow_form(script: str) -> None:
    began = time.process_time()
    unit = unit_of(script)
    assert time.process_time() - began < 5
    assert unit.module is not None
    for decl in (unit.module, *unit.functions.values()):
        for stmt in walk.statements(decl.body):
            walk.touched(stmt)


def test_a_script_in_a_value_gets_bindings_for_its_holes(lines: Lines) -> None:
    hole = Unknown("a parameter", "parameter", "addr")
    span = Span("a.go", 10, 40)
    unit, bound = parse_script(Template((Known("docker run -e 'A="), hole, Known("' "), hole, Known(" img")), span), span)
    assert lines(unit.module) == ["$docker('run', '-e', 'A=' + {0}, {1}~, 'img')"]
    assert bound == {"{0}": hole, "{1}": hole}
    assert unit.path == "a.go"
    assert {one.span for one in expressions(unit)} == {(10, 40)}


def test_places_in_a_value_go_through_escapes_concatenation_and_format_holes() -> None:
    code = b'run("docker run -e \\"A=%s\\" \\\\\\n " +\n    "--name \xc3\xa9 img", x)'
    start, end = code.index(b'"'), code.rindex(b",")
    span = Span("a.py", start, end)
    value = Template((Known('docker run -e "A=', span), Unknown("x", "parameter", "x"), Known('" \\\n --name é img', span)), span)
    unit, _ = parse_script(value, span, lambda path: SourceFile(path, code))
    found = {code[slice(*one.span)] for one in expressions(unit) if isinstance(one, Str | Name)}
    assert {b"docker", b"run", b"A=", b"%s", b"--name", b"\xc3\xa9", b"img"} <= found


def test_places_in_an_indented_block_of_lines() -> None:
    code = b"run: |\r\n    set -e\r\n    docker run -e A=http://localhost:1 \\\r\n      img\r\n"
    value = Known("set -e\ndocker run -e A=http://localhost:1 \\\n  img\n", Span("w.yml", 5, len(code)))
    unit, _ = parse_script(value, Span("w.yml", 5, len(code)), lambda path: SourceFile(path, code))
    call = next(one for one in expressions(unit) if isinstance(one, Call) and one.args and len(one.args) == 4)
    assert [code[slice(*arg.value.span)] for arg in call.args] == [b"run", b"-e", b"A=http://localhost:1", b"img"]


def test_a_literal_as_it_stands_keeps_its_places_without_the_file() -> None:
    code = b'sh("docker run img")'
    unit, _ = parse_script(Known("docker run img", Span("a.js", 3, 19)), Span("a.js", 3, 19))
    assert [code[slice(*one.span)] for one in expressions(unit) if isinstance(one, Str)] == [b"run", b"img"]


def test_a_choice_of_scripts_is_one_branch_each(lines: Lines) -> None:
    span = Span("a.js", 0, 9)
    unit, _ = parse_script(Choice((Known("docker a"), Known("docker b")), span), span)
    assert lines(unit.module) == ["if <which of several scripts runs> {$docker('a')} else {$docker('b')}"]
