"""Write the table of rules in README.md again, between its markers. With --check, say whether it is up to date instead."""

from __future__ import annotations

import sys
from pathlib import Path

from stigmer_rules import RULES

BEGIN = "<!-- rules: begin (make pages) -->\n"
END = "<!-- rules: end -->\n"


def table() -> str:
    """A row for every rule, in code order."""
    rows = ["| code | name | finds | severity |", "|---|---|---|---|"]
    for entry in sorted(RULES, key=lambda entry: entry.rule.code):
        rule = entry.rule
        page = f"lint_rules/{entry.module.replace('.', '/')}.md"
        severity = rule.severity if rule.default else f"{rule.severity}, off by default"
        rows.append(f"| {rule.code} | [{rule.name}]({page}) | {rule.summary} | {severity} |")
    return "\n".join(rows) + "\n"


def main() -> int:
    """0: written, or up to date; 1: --check found it out of date."""
    readme = Path(__file__).parent.parent / "README.md"
    text = readme.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    new = before + BEGIN + table() + END + after
    if "--check" in sys.argv[1:]:
        return int(new != text)
    if new != text:
        readme.write_text(new, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
