"""A tree in, the mended tree out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from stigmer_lint.engine.discover import Files
from stigmer_lint.engine.run import survey
from stigmer_lint.fixes import attach
from stigmer_lint.fixes.repair import repair
from stigmer_lint.fixes.write import parses
from stigmer_lint.policy.load import NO_POLICY, load_policy
from stigmer_lint.report.types import Report
from stigmer_rules import RULES

Mend = Callable[..., tuple[dict[str, str], tuple[str, ...]]]


@pytest.fixture
def mend(tmp_path: Path) -> Mend:
    """`mend(files, policy="", unsafe=True)`: the contents of the files after every fix, and the codes of what is left, each with why it has none."""

    def run(files: Mapping[str, str], policy: str = "", unsafe: bool = True) -> tuple[dict[str, str], tuple[str, ...]]:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
        loaded = NO_POLICY
        if policy:
            (tmp_path / "stigmer-lint.yaml").write_text(policy, encoding="utf-8")
            loaded = load_policy(str(tmp_path / "stigmer-lint.yaml"), tmp_path, rules={entry.rule.code: entry.rule.name for entry in RULES})

        def look(changed: Mapping[str, bytes]) -> tuple[Report, Files]:
            tree = Files(tmp_path, unsaved=[(str(tmp_path / path), data) for path, data in changed.items()])
            world, report = survey(tmp_path, policy=loaded, rules=RULES, files=tree)
            attach(world, report, tree.source)
            return report, tree

        report, tree = look({})
        done = repair(report, lambda changed: look(changed)[0], tree.source, parses(tree), unsafe=unsafe)
        after = {name: done.after.get(name, text.encode()).decode() for name, text in files.items()}
        again = look({name: text.encode() for name, text in after.items()})[0]
        assert not [one for one in again.findings if one.fix is not None and (unsafe or one.fix.safety == "safe") and one.finding.message not in {r.finding.message for r, _ in done.refused}]
        left = (*((one.rule.code, one.unfixed or "") for one in done.report.findings), *((one.rule.code, why) for one, why in done.refused))
        return after, tuple(f"{code}: {why}" if why else code for code, why in left)

    return run
