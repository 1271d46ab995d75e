"""What a suppression comment covers, and that a malformed one covers nothing."""

from __future__ import annotations

import pytest

from stigmer_lint.engine.suppress import Directive, directives
from stigmer_lint.model.span import SourceFile

RULES = {"STG101": "STG101", "loopback-in-container": "STG101", "STG103": "STG103"}


def only(text: str, name: str = "x.py") -> Directive:
    (found,) = directives(SourceFile(name, text.encode()), RULES, None)
    return found


@pytest.mark.parametrize(
    "line",
    [
        "# stigmer: ignore[STG101] reason here",
        "// stigmer: ignore[STG101] reason here",
        "/* stigmer: ignore[STG101] reason here */",
        "<!-- stigmer: ignore[STG101] reason here -->",
        "-- stigmer: ignore[STG101] reason here",
        "; stigmer: ignore[STG101] reason here",
        " * stigmer: ignore[STG101] reason here",
        "\ufeff# stigmer: ignore[STG101] reason here",
        "# stigmer: ignore[loopback-in-container] reason here",
        "# stigmer:ignore[stg101]: reason here",
    ],
)
def test_alone_on_a_line_it_is_about_the_next(line: str) -> None:
    directive = only(f"{line}\ncode\n")
    assert (directive.problem, directive.codes, directive.reason, directive.lines) == (None, ("STG101",), "reason here", (2,))


@pytest.mark.parametrize(
    "line",
    [
        'code("x")  # stigmer: ignore[STG101, STG103] why',
        "code() // stigmer: ignore[STG101,STG103] why",
        "/* stigmer: ignore[STG101, STG103] why */ code()",
        "KEY: don't  # stigmer: ignore[STG101, STG103] why",
        "x = 1  # noqa: S104  # stigmer: ignore[STG101, STG103] why",
    ],
)
def test_behind_code_it_is_about_its_own_line(line: str) -> None:
    directive = only(f"{line}\nmore\n")
    assert (directive.problem, directive.codes, directive.lines) == (None, ("STG101", "STG103"), (1,))


def test_several_stacked_above_a_line_are_all_about_it() -> None:
    text = "# stigmer: ignore[STG101] one\n# stigmer: ignore[STG103] two\n# prose\ncode\n"
    assert [directive.lines for directive in directives(SourceFile("x.py", text.encode()), RULES, None)] == [(4,), (4,)]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("# stigmer: ignore", "blanket"),
        ("# stigmer: ignore because", "blanket"),
        ("# stigmer: ignore[] because", "empty"),
        ("# stigmer: ignore [STG101] because", "without a space"),
        ("# stigmer : ignore[STG101] because", "not written"),
        ("# stigmer: ignore[STG101", "closed"),
        ("# stigmer: ignore[STG101]", "no reason"),
        ("# stigmer: ignore[STG101] ", "no reason"),
        ("# stigmer: ignore[STG101] -", "no reason"),
        ("# stigmer: ignore[STG999] because", "no rule STG999"),
        ("# stigmer: ignore[STG101,] because", "empty name"),
        ("# stigmer: ignore[*] because", "no rule *"),
        ("# stigmer: disable[STG101] because", "not written"),
        ("# stigmer-lint: ignore[STG101] because", "not written"),
        ("# STIGMER: IGNORE[STG101] because", "not written"),
    ],
)
def test_malformed_ones_cover_nothing(line: str, problem: str) -> None:
    directive = only(f"{line}\ncode\n")
    assert directive.codes == ()
    assert directive.problem is not None
    assert problem in directive.problem


@pytest.mark.parametrize(
    "line",
    [
        'help = "# stigmer: ignore[STG101] why"',
        "help = '// stigmer: ignore[STG101] why'",
        "url = http://x#stigmer: ignore[STG101] why",
        "# write stigmer: ignore[STG101] with a reason",
        "Use stigmer: ignore[STG101] to suppress.",
    ],
)
def test_strings_and_prose_are_no_suppressions(line: str) -> None:
    assert directives(SourceFile("x.py", line.encode()), RULES, None) == ()


def test_where_the_language_is_known_it_decides_what_a_comment_is() -> None:
    source = SourceFile("x.py", b'text = """\n# stigmer: ignore[STG101] why\n"""\n')
    assert len(directives(source, RULES, None)) == 1
    assert directives(source, RULES, lambda offset: False) == ()


def test_a_line_of_a_megabyte_full_of_them_takes_linear_time() -> None:
    import time

    source = SourceFile("x.py", b"# stigmer: ignore[STG101] " * 40_000)
    began = time.process_time()
    assert len(directives(source, RULES, None)) == 1
    assert time.process_time() - began < 2
