"""How pages are read."""

from __future__ import annotations

from pathlib import Path

import pytest

from stigmer_lint.pages import Mark, PageError, cases, label, parse, write

HEAD = "# some-rule (STG999)\n\nFinds something.\nOn two lines.\n\n## Bad\n\n"


def test_title_summary_and_headings() -> None:
    page = parse("p.md", HEAD + "## Good\n")
    assert (page.name, page.code, page.headings) == ("some-rule", "STG999", ("Bad", "Good"))
    assert page.summary == "Finds something. On two lines."


def test_a_mark_at_the_end_of_a_line_is_no_part_of_the_file() -> None:
    (case,) = cases(parse("p.md", HEAD + "```go bad\na()\n\tb(\"#1\") // STG101, STG102\n```\n"))
    assert case.blocks[0].text == 'a()\n\tb("#1")\n'
    assert case.marks == (Mark("main.go", 2, "STG101"), Mark("main.go", 2, "STG102"))


def test_a_mark_of_its_own_is_about_the_line_above() -> None:
    (case,) = cases(parse("p.md", HEAD + "```shell bad\ndocker run \\\n  -e A=localhost \\\n  ^ STG101\n  img\n  # ^^^ STG103\n```\n"))
    assert case.blocks[0].text == "docker run \\\n  -e A=localhost \\\n  img\n"
    assert case.marks == (Mark("run.sh", 2, "STG101"), Mark("run.sh", 3, "STG103"))


def test_a_comment_that_only_mentions_a_code_is_no_mark() -> None:
    (case,) = cases(parse("p.md", HEAD + "```python bad\nx = 1  # see STG101\n# STG102\ny = 2  # STG103\n```\n"))
    assert case.marks == (Mark("app.py", 3, "STG103"),)
    assert case.blocks[0].text == "x = 1  # see STG101\n# STG102\ny = 2\n"


def test_blocks_with_paths_are_one_tree() -> None:
    text = HEAD + "```go bad path=a/x.go\nx // STG101\n```\n```python bad path=b/y.py\ny\n```\n```go bad\nz // STG101\n```\n"
    one, other = cases(parse("p.md", text))
    assert [block.path for block in one.blocks] == ["a/x.go", "b/y.py"]
    assert [label(block) for block in one.blocks] == ["Go", "Python"]
    assert [block.path for block in other.blocks] == ["main.go"]
    assert one.id != other.id


def test_a_policy_holds_for_its_section_and_those_below() -> None:
    block = "```go good\nx\n```\n"
    text = "# r (STG1)\n".replace("STG1", "STG100") + block + "## A\n```yaml policy\na\n```\n" + block + "### B\n" + block
    text += "### C\n```yaml policy\nc\n```\n" + block + "## D\n" + block
    assert [case.policy and case.policy.text for case in cases(parse("p.md", text))] == [None, "a\n", "a\n", "c\n", None]


def test_output_belongs_to_the_bad_tree_before_it() -> None:
    text = HEAD + "```go bad\nx // STG101\n```\n```go good\ny\n```\n```text output\nmain.go:1:1\n```\n"
    bad, good = cases(parse("p.md", text))
    assert bad.output is not None
    assert bad.output.text == "main.go:1:1\n"
    assert good.output is None


def test_write_makes_the_tree(tmp_path: Path) -> None:
    (case,) = cases(parse("p.md", HEAD + "```yaml policy\nversion: 1\n```\n```go bad path=a/x.go\nx // STG101\n```\n"))
    write(case, tmp_path)
    assert (tmp_path / "a" / "x.go").read_text() == "x\n"
    assert (tmp_path / "stigmer-lint.yaml").read_text() == "version: 1\n"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("# Some rule\n", "p.md:1: a page begins with `# rule-name (CODE)`"),
        (HEAD + "```go bad\nx // STG101\n", "p.md:8: this block never ends"),
        (HEAD + "```go\nx\n```\n", "p.md:8: expected a role: bad, good, fixed, policy, output"),
        (HEAD + "```go bda\nx\n```\n", "p.md:8: unknown word 'bda'"),
        (HEAD + "```go bad\nx\n```\n", "p.md:9: a bad block marks at least one line"),
        (HEAD + "```go good\nx // STG101\n```\n", "p.md:8: a good block has no marks"),
        (HEAD + "```rust bad\nx // STG101\n```\n", "p.md:8: a block in rust names its file with path="),
        (HEAD + "```go bad path=../x.go\nx // STG101\n```\n", "p.md:8: '../x.go' does not lie in the tree"),
        (HEAD + "```go todo good\nx\n```\n", "p.md:8: only a bad block can be todo"),
        (HEAD + "```text output\nx\n```\n", "p.md:9: an output block follows the bad block"),
        (HEAD + "```go fixed\nx\n```\n", "p.md:9: a fixed block follows the bad block"),
        (HEAD + "```go good path=a.go\nx\n```\n```go good path=a.go\nx\n```\n", "p.md:12: a.go is given twice in one tree"),
    ],
)
def test_what_is_no_page_is_refused_with_its_line(text: str, why: str) -> None:
    with pytest.raises(PageError) as caught:
        cases(parse("p.md", text))
    assert str(caught.value).startswith(why)
