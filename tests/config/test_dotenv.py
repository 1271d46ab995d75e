"""Env files."""

from __future__ import annotations

import time

import pytest

from stigmer_lint.errors import UnreadableError
from stigmer_lint.frontends.dotenv import read_dotenv
from stigmer_lint.model.span import SourceFile
from stigmer_lint.model.value import Choice, Known, Template, Unknown, render


def read(text: str) -> dict[str, tuple[str | None, str]]:
    source = SourceFile(".env", text.encode())
    return {line.name: (render(line.value) if line.value else None, source.text(line.span)) for line in read_dotenv(source)}


@pytest.mark.parametrize(
    ("text", "value", "shown"),
    [
        ("A=1 # comment", "1", "1"),
        ("A=a#b", "a#b", "a#b"),
        ("A= # comment", "", ""),
        ("A=", "", ""),
        ("export A = x y  ", "x y", "x y"),
        ("A: yaml", "yaml", "yaml"),
        ('A="x\\"y\\n"  # z', 'x"y\n', 'x\\"y\\n'),
        ("A='$B \\n'", "$B \\n", "$B \\n"),
        ('A="one\ntwo"', "one\ntwo", "one\ntwo"),
        ('A="é\\$B 日"', "é$B 日", "é\\$B 日"),
        ("A=$$B", "$B", "$$B"),
        ("A", None, "A"),
    ],
)
def test_one_line(text: str, value: str | None, shown: str) -> None:
    for ending in ("\n", "\r\n"):
        assert read(text.replace("\n", ending) + ending)["A"] == (
            value.replace("\n", ending) if value and "one" in value else value,
            shown.replace("\n", ending),
        )


def test_references_take_the_lines_above_then_the_shell() -> None:
    lines = {line.name: line.value for line in read_dotenv(SourceFile(".env", b"A=x\nB=$A/${C:-d}\nD=${C}\nE=${A:+set}\n"))}
    assert isinstance(lines["B"], Template)
    choice = lines["B"].parts[-1]
    assert isinstance(choice, Choice)
    assert choice.fallback == 1
    assert lines["D"] == Unknown("C is taken from the shell", "env", "C", lines["D"].span if isinstance(lines["D"], Unknown) else None)
    assert isinstance(lines["E"], Known)
    assert lines["E"].text == "set"


def test_a_quote_that_never_closes_costs_its_line_only() -> None:
    found = read('A="open\nB=2\n')
    assert found["B"] == ("2", "2")


def test_the_raw_format_takes_all_after_the_equals_sign() -> None:
    lines = read_dotenv(SourceFile("x", b'A="q" # x\r\n#c\nB\nC=a=$b\n'), form="raw")
    assert [(line.name, render(line.value) if line.value else None) for line in lines] == [("A", '"q" # x'), ("B", None), ("C", "a=$b")]


def test_a_file_that_is_no_text_is_refused() -> None:
    with pytest.raises(UnreadableError):
        read_dotenv(SourceFile(".env", b"A=\xff"))


@pytest.mark.parametrize(
    "text",
    [
        'A="\n' * 50_000,
        "A='x\n\"" * 50_000,
        "".join(f"K{i}=${{A{i}:-v}}\n" for i in range(30_000)),
        "A=" + "${X:-" * 100_000,
        "A=1\n" + "A=$A$A\n" * 200,
        "A=1\n" + "A=${B:-x$A}${C:-$A}\n" * 500,
        "A=" + "é${X}" * 30_000,
    ],
    ids=["double", "single", "many", "nested", "doubling", "branching", "wide"],
)
def test_hostile_files_take_linear_time(text: str) -> None:
    start = time.process_time()
    read(text)
    assert time.process_time() - start < 4
