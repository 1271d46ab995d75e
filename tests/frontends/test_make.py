"""Makefiles and justfiles: variables, conditionals, recipes, places, and hostile input."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from stigmer_lint.flow import walk
from stigmer_lint.flow.ir import FunctionDecl, Str, Unit
from stigmer_lint.frontends.file_kinds import is_makefile
from stigmer_lint.frontends.make import MakeFrontend
from stigmer_lint.model.span import SourceFile

Lines = Callable[[FunctionDecl | None], list[str]]


def unit_of(text: str, path: str = "Makefile") -> Unit:
    return MakeFrontend().parse(SourceFile(path, text.encode()))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A = b # c\nC := $(A)/d\nE ?= $A\nF += g", ["A = 'b'", "C = A + '/d'", "E ?= A", "F += ' ' + 'g'"]),
        ("export A = b\nexport C D\nunexport E", ["export A = 'b'", "export C = C", "export D = D"]),
        ("A = b\nexport", ["export A = 'b'"]),
        ("A = b \\\n\tc $$d", ["A = 'b c $d'"]),
        ("define A\nx $(Y)\nz\nendef\nB = c", ["A = 'x ' + Y + '\\nz'", "B = 'c'"]),
        ("A := $(shell uname -s | tr A-Z a-z)", ["A = $(($pipe($uname('-s'), $tr('A-Z', 'a-z')))"]),
        ("A != uname", ["A = $(($uname())"]),
        ("A = $(or $(B),c)$(foreach x,y,z)$($(B)_C)", ["A = (B || 'c') + <the result of foreach> + <a computed reference>"]),
        ("A = $(subst localhost,$(H),$(B))", ["A = $replace_all(B, 'localhost', H)"]),
        ("ifeq ($(shell uname),Darwin)\nA = b\nelse ifeq \"$(OS)\" \"Windows_NT\"\nA = c\nelse\nA = d\nendif\nE = f",
         ["if $(($uname()) == 'Darwin' {A = 'b'} else {if OS == 'Windows_NT' {A = 'c'} else {A = 'd'}}", "E = 'f'"]),
        ("ifdef A\nB = c\nendif\nifneq (,$(findstring x,$(A)))\nB = d\nendif",
         ["if A {B = 'c'}", "if ('x' in A && 'x') {B = 'd'}"]),
    ],
)  # fmt: skip
def test_variables_and_conditionals(text: str, expected: list[str], lines: Lines) -> None:
    assert lines(unit_of(text).module) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("run: a b\n\t@docker run \\\n\t  -e A=$(B) $$C \"${D}\"\n", ["$docker('run', '-e', 'A=' + B~, C~, D)"]),
        ("run: ; -docker run $@\n", ["$docker('run', 'run')"]),
        ("run:\n\texport A=1; docker run -e A\n\tdocker x\n", ["Function()", "$docker('x')"]),
        (".ONESHELL:\nrun:\n\texport A=1\n\tdocker run -e A\n", ["export A = '1'", "$docker('run', '-e', 'A')"]),
        ("F := -e \"A=1 2\"\nF += -d\nrun:\n\tdocker run $(F)\n", ["$docker('run', '-e', 'A=1 2', '-d')"]),
        ("F ?= -e \"A=1\"\nrun:\n\tdocker run $(F)\n", ["$docker('run', F~)"]),
        ("define r\n@docker run $(1)\n-docker x\nendef\nrun:\n\t$(call r,-d)\n", ["$docker('run', '-d')", "$docker('x')"]),
        ("run:\nifeq ($(A),b)\n\tdocker a\nelse\n\tdocker b\nendif\n", ["if A == 'b' {$docker('a')} else {$docker('b')}"]),
        ("run: export A := b\nrun: x\n\tdocker run -e A\n", ["export A = 'b'", "$docker('run', '-e', 'A')"]),
        ("ifeq ($(A),b)\nrun:\n\tdocker a\nelse\nrun:\n\tdocker b\nendif\n", ["if A == 'b' {$docker('a')} else {$docker('b')}"]),
        ("run:\n\tif [ -z \"$(A)\" ]; then \\\n\t\tdocker a; \\\n\tfi\n", ["if !(A) {$docker('a')}"]),
        ("$(X)/run: FORCE\n\tdocker a\nrun:\r\n\tdocker b\r\n", ["$docker('b')"]),
    ],
)  # fmt: skip
def test_recipes(text: str, expected: list[str], lines: Lines) -> None:
    assert lines(unit_of(text).functions["run"]) == [one.replace("Function()", "{export A = '1'; $docker('run', '-e', 'A')}()") for one in expected]


def test_places_go_through_joined_lines_dollars_and_definitions() -> None:
    text = "é := -e \"A=http://localhost:1\"\r\nrun:\r\n\t@docker run $(é) \\\r\n\t\t-e B=$$C img\r\n".replace("é", "F")
    unit = unit_of(text)
    data = text.encode()
    found = {data[slice(*place.expr.span)] for place in walk.places(unit.functions["run"]) if isinstance(place.expr, Str)}
    assert {b"A=http://localhost:1", b"B=", b"img"} <= found


def test_includes_are_star_imports() -> None:
    assert unit_of("include a.mk b.mk\n-include $(ROOT)/c/d.mk\n").star_imports == ("a.mk", "b.mk", "c/d.mk")


@pytest.mark.parametrize(("path", "expected"), [("a/Makefile", True), ("GNUmakefile", True), ("x.mk", True), ("justfile", True), ("a.md", False)])
def test_file_names(path: str, expected: bool) -> None:
    assert is_makefile(path) is expected


JUST = """\
set export
image := "ghcr.io/x/" + name / `git describe`
name := env_var_or_default("NAME", "d")
host := if os_family() == "windows" { 'a\\' } else { "b\\n" }

[macos]
run port="80" *args: build
    @docker run -p {{port}}:80 {{ args }} \\
      {{image}}
[linux]
run port="80" *args:
    docker run --network host {{{{ x
script $tag:
    #!/usr/bin/env bash
    A=1
    docker run -e A "$tag"
py:
    #!/usr/bin/env python
    print()
"""


def test_justfiles(lines: Lines) -> None:
    unit = unit_of(JUST, "justfile")
    assert lines(unit.module)[:2] == ["export name = (NAME ?? 'd')", "export image = 'ghcr.io/x/' + name + '/' + $(($git('describe'))"]
    assert lines(unit.functions["run"]) == [
        "if $(($uname()) glob 'Linux' {$docker('run', '--network', 'host', '{{', 'x')} "
        "else {if $(($uname()) glob 'Darwin' {$docker('run', '-p', port + ':80'~, args~, image~)}}"
    ]
    assert [(param.name, param.rest, text(param.default)) for param in unit.functions["run"].params] == [("port", "", "80"), ("args", "*", None)]
    assert lines(unit.functions["script"]) == ["export tag = tag", "A = '1'", "$docker('run', '-e', 'A', tag)"]
    assert lines(unit.functions["py"]) == []


def text(expr: object) -> str | None:
    return expr.text if isinstance(expr, Str) else None


N = 20_000


@pytest.mark.parametrize(
    ("path", "script"),
    [
        ("Makefile", "A = " + "$(or " * N), ("Makefile", "A = " + "$(or " * N + "a" + ")" * N), ("Makefile", "A = " + "$(" * N + ")" * N),
        ("Makefile", "ifdef A\n" * N), ("Makefile", "ifdef A\nelse " + "ifdef A\nelse " * N), ("Makefile", "A = a \\\n" + " b \\\n" * N),
        ("Makefile", "r:\n" + "\ta \\\n" * N), ("Makefile", "define A\n" * N), ("Makefile", "r: " + "a " * N + "\n" + "\tA=1\n" * N),
        ("Makefile", "A = $(A) '$(A) $(A)'\nr:\n\t$(A)\n"), ("Makefile", "A = '" + "\nA += b" * N + "\nr:\n\t$(A)\n"), ("Makefile", "r:\n" * N),
        ("justfile", "a := " + "(" * N), ("justfile", "a := " + "if a == b { " * N), ("justfile", "a := " + " + ".join("a" * N)),
        ("justfile", "a := " + " || ".join("a" * N)), ("justfile", "a := b\nb := a\n" * N), ("justfile", "r " + "a=" * N + ":\n  {{" * 2),
        ("justfile", "r:\n" + "  a {{ \\\n" * N), ("justfile", "r a='" * N),
    ],
    ids=range(20),
)  # fmt: skip
def test_hostile_files_take_linear_time_and_shallow_form(path: str, script: str) -> None:
    began = time.process_time()
    unit = unit_of(script, path)
    assert time.process_time() - began < 5
    assert unit.module is not None
    for decl in (unit.module, *unit.functions.values()):
        for stmt in walk.statements(decl.body):
            walk.touched(stmt)
