"""Dockerfiles."""

from __future__ import annotations

import time

import pytest

from stigmer_lint.errors import UnreadableError
from stigmer_lint.frontends.config import is_dockerfile
from stigmer_lint.frontends.dockerfile import read_dockerfile
from stigmer_lint.model.launch import EnvSetting, Image
from stigmer_lint.model.span import SourceFile, Span
from stigmer_lint.model.value import Choice, Known, render


def read(text: str, target: str | None = None) -> tuple[SourceFile, Image]:
    source = SourceFile("Dockerfile", text.encode())
    return source, read_dockerfile(source, target)


def env(text: str, target: str | None = None) -> dict[str, tuple[str, str]]:
    source, image = read(text, target)
    return {s.name: (render(s.value), source.text(s.span)) for s in image.env}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("ENV A=1 B='x y' C=\"q\\\"q\"", {"A": ("1", "1"), "B": ("x y", "x y"), "C": ('q"q', 'q\\"q')}),
        ("env A one two", {"A": ("one two", "one two")}),
        ("ENV A=a\\ b", {"A": ("a b", "a\\ b")}),
        ("ENV A=1 \\\n  # comment\n\n  B=é", {"A": ("1", "1"), "B": ("é", "é")}),
        ("ENV A=1\nENV A=2 B=$A", {"A": ("2", "2"), "B": ("1", "$A")}),
        ("ENV A=1\nENV B=${A}x${A:+y} C='$A' D=\\$A", {"A": ("1", "1"), "B": ("1xy", "${A}x${A:+y}"), "C": ("$A", "$A"), "D": ("$A", "\\$A")}),
        ("ENV A=${NO:-http://localhost}", {"A": ("{NO} | http://localhost", "${NO:-http://localhost}")}),
    ],
)
def test_env(line: str, expected: dict[str, tuple[str, str]]) -> None:
    for ending in ("\n", "\r\n"):
        assert env(f"FROM x\n{line}\n".replace("\n", ending)) == expected


def test_the_escape_directive_changes_the_continuation_character() -> None:
    assert env("# escape=`\nFROM x\nENV P=C:\\a `\n  Q=2\n") == {"P": ("C:\\a", "C:\\a"), "Q": ("2", "2")}


def test_a_stage_starts_with_what_its_base_stage_has() -> None:
    _, image = read("FROM python:3 AS base\nENV A=1\nEXPOSE 80/tcp\nCMD one\nFROM other AS o\nENV B=1\nFROM BASE\nENV C=$A\nENTRYPOINT [\"/x\"]\n")
    assert [(s.name, render(s.value)) for s in image.env] == [("A", "1"), ("C", "1")]
    assert (image.base, image.exposes) == ("python:3", ("80",))
    assert image.command is None
    assert [render(word) for word in image.entrypoint or ()] == ["/x"]


def test_a_stage_can_be_asked_for() -> None:
    assert list(env("FROM a AS one\nENV A=1\nFROM b\nENV B=1\n", "one")) == ["A"]


def test_build_arguments_are_a_choice_until_a_build_gives_them() -> None:
    text = "ARG V=3\nARG U=http://localhost\nFROM x:$V\nARG U\nARG N\nENV A=$U B=$N C=$V\n"
    source, image = read(text)
    values = {s.name: s.value for s in image.env}
    assert image.base == "x:3"
    assert isinstance(values["A"], Choice)
    assert [render(option) for option in values["A"].options] == ["{U}", "http://localhost"]
    assert values["A"].fallback == 1
    assert (render(values["B"]), render(values["C"])) == ("{N}", "{V}")
    assert [(s.name, s.passed) for s in image.args] == [("V", False), ("U", False), ("N", True)]
    given = read_dockerfile(source, given=[EnvSetting("U", Known("http://db"), Span("c.yml", 0, 1))])
    assert render(given.env[0].value) == "http://db"


def test_copies_follow_the_stages_that_the_last_one_copies_from() -> None:
    _, image = read(
        "FROM go AS build\nCOPY --chown=a cmd/ ./internal /x/\nRUN --mount=type=bind,source=gen,target=/g make\n"
        "FROM other AS unused\nCOPY secret /\n"
        'FROM scratch\nCOPY --from=build /x /x\nCOPY ["a b", "./c/../d", "/"]\nADD https://h/f /\nCOPY <<EOF /f\ntext\nEOF\n'
    )
    assert set(image.copies) == {"cmd", "internal", "gen", "a b", "d"}
    assert read("FROM x\nCOPY src /\nCOPY . /\n")[1].copies == (".",)


def test_commands_in_both_forms_and_health() -> None:
    source, image = read('FROM x\nCMD serve --host localhost \\\n  -p 1\nENTRYPOINT ["a", "b\\"c"]\nHEALTHCHECK --interval=1s CMD curl localhost\n')
    assert [render(word) for word in image.command or ()] == ["/bin/sh", "-c", "serve --host localhost   -p 1"]
    assert [source.text(word.span) for word in image.entrypoint or () if word.span] == ["a", 'b\\"c']
    assert image.health is not None
    assert render(image.health.command[0]) == "curl localhost"
    assert read("FROM x\nHEALTHCHECK NONE\n")[1].health is None


def test_the_text_of_a_here_document_is_no_instruction() -> None:
    assert list(env("FROM x\nRUN <<EOF cat <<-'B'\nENV A=1\nEOF\nENV B=1\n\tB\nENV C=1\n")) == ["C"]
    assert list(env("FROM x\nRUN <<NEVER\nENV A=1\n")) == ["A"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [("Dockerfile", True), ("a/Dockerfile.dev", True), ("api.Dockerfile", True), ("x.dockerfile", True), ("Containerfile", True),
     ("Containerfile.ci", True), ("Dockerfile.md", False), ("dockerfile.py", False), ("Dockerfile.dockerignore", False), ("docker.txt", False)],
)  # fmt: skip
def test_names(name: str, expected: bool) -> None:
    assert is_dockerfile(name) is expected


def test_what_is_no_text_is_refused() -> None:
    with pytest.raises(UnreadableError):
        read_dockerfile(SourceFile("Dockerfile", b"FROM x\nENV A=\xff\n"))


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("FROM x\nENV " + " \\\n".join(f"K{i}=v{i}" for i in range(30_000)), 30_000),
        ("FROM x\n" + "".join(f"ENV K{i}=${{K{i - 1}}}\n" for i in range(30_000)), 30_000),
        ("FROM x\nRUN " + "(" * 1_000_000, 0),
        ("FROM x\n" + "".join(f"RUN <<E{i}\n" for i in range(10_000)), 0),
        ("FROM x\nENV A=\\\n" + "b\\\n" * 100_000, 1),
        ("".join(f"FROM {f's{i - 1}' if i else 'x'} AS s{i}\nENV A{i}=1\n" for i in range(1000)), 1000),
        ("FROM x\nENV A=" + "${A:-" * 100_000, 1),
        ("FROM x\nENV A=1\n" + "ENV A=$A$A\n" * 200, 1),
        ('FROM x\nENV A="' + '\\"' * 100_000, 1),
    ],
    ids=["pairs", "chain", "run", "heredocs", "continued", "stages", "nested", "doubling", "quotes"],
)
def test_hostile_files_take_linear_time(text: str, count: int) -> None:
    start = time.process_time()
    _, image = read(text)
    assert time.process_time() - start < 4
    assert len(image.env) == count
