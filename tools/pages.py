"""Rewrite what is computed from the rules' pages: their output blocks, docs/rules.md and the table in README.md.

`python tools/pages.py` writes; with `--check` it writes nothing and exits with 1 where something is out of date.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import stigmer_rules
from stigmer_lint.page_trials import Trial, attempt, languages
from stigmer_lint.pages import Case, cases, parse
from stigmer_lint.rule import RuleEntry
from stigmer_rules import RULES

ROOT = Path(__file__).resolve().parents[1]
PAGES = Path(stigmer_rules.__file__).resolve().parent
BEGIN = "<!-- rules: begin (make pages) -->"
END = "<!-- rules: end -->"


def generate(tried: Callable[[Case], Trial]) -> dict[Path, str]:
    """Every generated file with the text that it should have. `tried` checks a case."""
    texts: dict[Path, str] = {}
    shown: dict[str, tuple[str, ...]] = {}
    for entry in RULES:
        path = PAGES / f"{entry.module.rpartition('.')[2]}.md"
        text = path.read_text(encoding="utf-8")
        trials = [tried(case) for case in cases(parse(path.name, text))]
        shown[entry.rule.code] = languages(entry.rule.code, trials)
        texts[path] = with_outputs(text, trials)
    texts[ROOT / "docs" / "rules.md"] = document(shown)
    readme = ROOT / "README.md"
    if readme.exists():
        texts[readme] = between(readme.read_text(encoding="utf-8"), table("lint_rules/stigmer_rules/", shown))
    return texts


def with_outputs(text: str, trials: list[Trial]) -> str:
    """The page with every output block as the program prints it."""
    lines = text.splitlines(keepends=True)
    for trial in sorted(trials, key=lambda one: one.case.output.line if one.case.output else 0, reverse=True):
        block = trial.case.output
        if block is not None:
            lines[block.line - 1 : block.end - 1] = [trial.report]
    return "".join(lines)


def table(folder: str, shown: dict[str, tuple[str, ...]]) -> str:
    """The rules as a Markdown table; `folder`: where the pages are, as seen from the file that holds the table."""
    rows = ["| rule | name | finds | level | shown in |", "|---|---|---|---|---|"]
    for entry in RULES:
        rule = entry.rule
        level = rule.severity if rule.default else f"{rule.severity}, off"
        page = f"{folder}{entry.module.rpartition('.')[2]}.md"
        rows.append(f"| [{rule.code}]({page}) | {rule.name} | {cell(rule.summary)} | {level} | {', '.join(shown[rule.code]) or '-'} |")
    return "\n".join(rows) + "\n"


def cell(text: str) -> str:
    """A text that ends no cell."""
    return text.replace("|", "\\|")


def document(shown: dict[str, tuple[str, ...]]) -> str:
    """docs/rules.md."""
    parts = [
        "# Rules\n",
        "This file is written by `make pages`.\n",
        "Each rule has a page: what it finds, why that hurts, examples that are run as tests, what happens at run time, when to ignore it "
        "and where its limits are. `stigmer-lint explain CODE` prints it. The last column names the languages and files in which the "
        "page's examples show the rule both finding something and staying silent; it is computed from examples that pass.\n",
    ]
    for digit, title in FAMILIES.items():
        chosen = [entry for entry in RULES if entry.rule.code[3] == digit]
        if chosen:
            parts += [f"## {title}\n", table_of(chosen, shown)]
    return "\n".join(parts)


FAMILIES = {
    "1": "1xx Addresses",
    "2": "2xx The env contract",
    "3": "3xx Clients",
    "4": "4xx Operability (off by default)",
    "5": "5xx Seen at run time only",
    "9": "9xx About the run itself",
}


def table_of(entries: list[RuleEntry], shown: dict[str, tuple[str, ...]]) -> str:
    """One family's table."""
    codes = {entry.rule.code for entry in entries}
    head, line, *rows = table("../lint_rules/stigmer_rules/", shown).splitlines()
    return "\n".join([head, line, *(row for row, entry in zip(rows, RULES, strict=True) if entry.rule.code in codes)]) + "\n"


def between(text: str, inner: str) -> str:
    """The text with what is between the markers replaced; without markers as it is."""
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    return f"{head}{begin}\n{inner}{end}{tail}" if begin and end else text


def main() -> int:
    """Exit status: 0 up to date or written, 1 out of date with --check, or an example that does not pass."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail where something is out of date")
    check = parser.parse_args().check
    failed: list[str] = []

    def tried(case: Case) -> Trial:
        trial = attempt(case, RULES)
        if bool(trial.problems) != case.todo:
            failed.append(f"{case.page}:{case.blocks[0].line}: " + ("; ".join(trial.problems) or "a todo block that passes"))
        return trial

    stale = 0
    for path, text in generate(tried).items():
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale += 1
        sys.stdout.write(f"{'out of date' if check else 'written'}: {path.relative_to(ROOT)}\n")
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    for line in failed:
        sys.stderr.write(f"{line}\n")
    return 1 if failed or (check and stale) else 0


if __name__ == "__main__":
    raise SystemExit(main())
