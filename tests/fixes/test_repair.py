"""Rounds of fixes, against a run that is told what to answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from stigmer_lint.fixes.diff import unified
from stigmer_lint.fixes.repair import Repair, repair
from stigmer_lint.model.span import SourceFile, Span
from stigmer_lint.report.types import Edit, Fix, Report, Reported
from stigmer_lint.rule import Finding, Rule

RULE = Rule(code="STG999", name="bad-word", summary="x", severity="error")


def report(data: bytes, words: Mapping[str, str], safety: str = "safe") -> Report:
    """A finding for each word in the text, whose fix writes the other word over it."""
    found = []
    for word, better in words.items():
        at = data.find(word.encode())
        if at >= 0:
            span = Span("a.txt", at, at + len(word))
            fix = Fix("better", "unsafe" if safety == "unsafe" else "safe", (Edit(span, better),))
            found.append(Reported(finding=Finding(rule="STG999", message=word, span=span, env=word), rule=RULE, severity="error", confidence="high", fingerprint=word, fix=fix))
    return Report(findings=tuple(found))


def mend(data: bytes, words: Mapping[str, str], intact: Callable[[SourceFile, SourceFile], bool] = lambda before, after: True, unsafe: bool = False, safety: str = "safe") -> Repair:
    def look(changed: Mapping[str, bytes]) -> Report:
        return report(changed.get("a.txt", data), words, safety)

    return repair(look({}), look, lambda path: SourceFile(path, data), intact, unsafe=unsafe)


def test_all_that_do_not_meet_are_carried_out() -> None:
    done = mend(b"one two three", {"one": "1", "three": "3"})
    assert done.after == {"a.txt": b"1 two 3"}
    assert done.before == {"a.txt": b"one two three"}
    assert not done.report.findings


def test_of_two_that_overlap_the_second_waits_for_the_next_round() -> None:
    done = mend(b"one two three", {"one two": "two", "two three": "3"})
    assert done.after == {"a.txt": b"3"}
    assert len(done.fixed) == 2


def test_a_fix_that_does_not_clear_its_finding_is_taken_back_and_the_others_stay() -> None:
    done = mend(b"one two", {"one": "one more", "two": "2"})
    assert done.after == {"a.txt": b"one 2"}
    assert [(one.fingerprint, why) for one, why in done.refused] == [("one", "the finding would still be there")]


def test_a_fix_that_brings_another_finding_is_taken_back() -> None:
    words = {"one": "bad", "two": "2"}

    def look(changed: Mapping[str, bytes]) -> Report:
        data = changed.get("a.txt", b"one two")
        seen = report(data, words)
        if b"bad" in data:
            new = Finding(rule="STG999", message="bad", span=Span("a.txt", 0, 3), env="one", value="bad")
            seen.findings += (Reported(finding=new, rule=RULE, severity="error", confidence="high", fingerprint="bad"),)
        return seen

    done = repair(look({}), look, lambda path: SourceFile(path, b"one two"), lambda before, after: True, unsafe=False)
    assert done.after == {"a.txt": b"one 2"}
    assert "it would bring STG999" in done.refused[0][1]


def test_a_fix_that_breaks_the_file_is_not_carried_out() -> None:
    done = mend(b"one two", {"one": "{", "two": "2"}, intact=lambda before, after: b"{" not in after.data)
    assert done.after == {"a.txt": b"one 2"}
    assert [one.fingerprint for one, _ in done.refused] == ["one"]


@pytest.mark.parametrize(("data", "after"), [(b"one", None), (b"two", None), (b"three", b"one"), (b"one four", b"two 4")])
def test_fixes_that_undo_one_another_are_taken_back(data: bytes, after: bytes | None) -> None:
    words = {"one": "two", "two": "one", "three": "one", "four": "4"}
    done = mend(data, words)
    assert done.after == ({"a.txt": after} if after is not None else {})
    assert {why for _, why in done.refused} == {"another fix would undo it"}
    assert not mend(after or data, words).after


def test_a_long_chain_is_followed_to_its_end() -> None:
    words = {f"<{number}>": f"<{number + 1}>" for number in range(40)}
    done = mend(b"<0>", words)
    assert done.after == {"a.txt": b"<40>"}
    assert len(done.fixed) == 40


def inserted(*texts: str) -> tuple[dict[str, bytes], int]:
    """What comes of findings that each want text behind the first line and are there as long as it is missing, and how often was looked."""

    def look(changed: Mapping[str, bytes]) -> Report:
        data = changed.get("a.txt", b"  - a\n  - z\n")
        found = []
        for text in texts:
            if text.encode() not in data:
                finding = Finding(rule="STG999", message=text, span=Span("a.txt", 0, 3), env=text)
                fix = Fix("better", "safe", (Edit(Span("a.txt", 5, 5), text),))
                found.append(Reported(finding=finding, rule=RULE, severity="error", confidence="high", fingerprint=text, fix=fix))
        looked.append(data)
        return Report(findings=tuple(found))

    looked: list[bytes] = []
    done = repair(look({}), look, lambda path: SourceFile(path, looked[0]), lambda before, after: True, unsafe=False)
    assert not done.report.findings
    return done.after, len(looked)


def test_entries_of_one_list_are_added_together() -> None:
    after, looks = inserted("\n  - b\n  - c", "\n  - d")
    assert after == {"a.txt": b"  - a\n  - b\n  - c\n  - d\n  - z\n"}
    assert looks == 2


def test_lines_of_another_depth_wait_for_the_next_round() -> None:
    assert inserted("\n  - b", "\nc:\n  - d")[1] == 3


def test_a_guess_is_left_unless_it_is_asked_for() -> None:
    assert not mend(b"one", {"one": "1"}, safety="unsafe").after
    assert mend(b"one", {"one": "1"}, safety="unsafe", unsafe=True).after


def test_a_diff_has_the_ranges_of_its_hunks() -> None:
    before = b"".join(b"%d\n" % number for number in range(30))
    after = before.replace(b"\n3\n", b"\nthree\n").replace(b"\n25\n", b"\n25\nnew\n")
    text = unified("a b.txt", before, after).decode()
    assert [line for line in text.splitlines() if line.startswith("@@")] == ["@@ -1,7 +1,7 @@", "@@ -24,6 +24,7 @@"]
    assert text.startswith("--- a/a b.txt\n+++ b/a b.txt\n")


def test_a_name_cannot_forge_a_header() -> None:
    assert b"\n+++ b/evil" not in unified("x\n+++ b/evil", b"a\n", b"b\n")


def test_a_large_file_with_changes_at_both_ends_is_one_hunk() -> None:
    before = b"first\n" + b"x\n" * 50_000 + b"last\n"
    text = unified("a", before, before.replace(b"first", b"1").replace(b"last", b"2"))
    assert text.count(b"@@ -") == 1
