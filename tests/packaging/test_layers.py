"""Who may import whom. Read from the source, so that a late import counts as well."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import stigmer_lint
import stigmer_policies
import stigmer_rules

ENGINE = Path(stigmer_lint.__file__).parent
RULES = Path(stigmer_rules.__file__).parent
POLICIES = Path(stigmer_policies.__file__).parent
OURS = ("stigmer_lint", "stigmer_rules", "stigmer_policies")


def modules(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.py"))


def imports(path: Path) -> Iterator[tuple[str, bool]]:
    """Every module of ours that a file imports, with whether only for type checking."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, id(node) in typing_only
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            for alias in node.names:
                # `from stigmer_lint import cli` imports a module as much as `import stigmer_lint.cli` does.
                yield f"{node.module}.{alias.name}", id(node) in typing_only


def ours(path: Path) -> set[str]:
    return {name for name, typing_only in imports(path) if name.split(".")[0] in OURS and not typing_only}


def under(name: str, *allowed: str) -> bool:
    return any(name == one or name.startswith(f"{one}.") for one in allowed)


VOCABULARY = (
    "stigmer_lint.model", "stigmer_lint.reachability", "stigmer_lint.addresses", "stigmer_lint.dialled", "stigmer_lint.listening", "stigmer_lint.contract",
    "stigmer_lint.unmapped", "stigmer_lint.bundled",
)
"""What rules speak of besides their contract: launches, what an address is, what a launch dials and where it listens, what reaches what,
what launcher and reader of a variable owe each other."""
FACTS = "stigmer_lint.knowledge"
"""Tables of facts about the world outside, which rules may ask: roles of names, images, servers."""


@pytest.mark.parametrize("path", modules(RULES), ids=lambda path: path.name)
def test_a_rule_knows_the_rule_contract_the_model_and_reachability(path: Path) -> None:
    assert {name for name in ours(path) if not under(name, "stigmer_lint.rule", *VOCABULARY, FACTS, "stigmer_rules")} == set()


@pytest.mark.parametrize("name", [name.removeprefix("stigmer_lint.") for name in VOCABULARY[1:]])
def test_what_rules_speak_of_rests_on_the_model_and_on_facts(name: str) -> None:
    allowed = ("stigmer_lint.knowledge", "stigmer_lint.policy.types", "stigmer_lint.rule", *VOCABULARY)
    assert {one for one in ours(ENGINE / f"{name}.py") if not under(one, *allowed)} == set()


@pytest.mark.parametrize("path", modules(ENGINE / "model"), ids=lambda path: path.name)
def test_the_model_imports_nothing_above_it(path: Path) -> None:
    assert {name for name in ours(path) if not under(name, "stigmer_lint.model")} == set()


@pytest.mark.parametrize("folder", ["frontends", "dialects", "flow", "knowledge", "model", "launcher", "verifier"])
def test_what_reads_code_knows_no_rule(folder: str) -> None:
    for path in modules(ENGINE / folder):
        assert {name for name in ours(path) if under(name, "stigmer_rules")} == set(), path


def test_only_the_entry_points_know_the_rules() -> None:
    knowing = {path.relative_to(ENGINE).as_posix() for path in modules(ENGINE) if any(under(name, "stigmer_rules") for name in ours(path))}
    assert {name for name in knowing if not name.startswith("adapters/")} <= {"cli.py"}


def test_frontends_do_not_know_dialects_and_the_other_way_round() -> None:
    for path in modules(ENGINE / "dialects"):
        assert {name for name in ours(path) if under(name, "stigmer_lint.engine", "stigmer_lint.report")} == set(), path
    for path in modules(ENGINE / "frontends"):
        assert {name for name in ours(path) if under(name, "stigmer_lint.engine", "stigmer_lint.report")} == set(), path


# The prober is sent into a container and run there; what it prints is its answer.
_MAY_PRINT = ("report/", "cli.py", "__main__.py", "verifier/prober.py")


def test_nothing_but_reports_and_the_command_line_prints() -> None:
    for path in modules(ENGINE) + modules(RULES) + modules(POLICIES):
        name = path.relative_to(ENGINE).as_posix() if ENGINE in path.parents else path.name
        if name.startswith(_MAY_PRINT) or name.endswith("/cli.py"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            said = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
            wrote = isinstance(node, ast.Attribute) and node.attr in ("stdout", "stderr") and isinstance(node.value, ast.Name) and node.value.id == "sys"
            assert not said, f"{path}:{node.lineno}"
            assert not wrote, f"{path}:{node.lineno}"


def test_nothing_of_a_checked_tree_can_be_run() -> None:
    """No module evaluates text or unpickles, and the engine's own side starts no process."""
    for path in modules(ENGINE) + modules(RULES):
        top = path.relative_to(ENGINE).parts[0] if ENGINE in path.parents else "rules"
        for name, _ in imports(path):
            assert name.split(".")[0] not in ("pickle", "marshal", "shelve"), path
            if top in ("engine", "frontends", "dialects", "flow", "model", "policy", "report", "rules"):
                assert name.split(".")[0] != "subprocess", path
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in ("eval", "exec", "compile"), f"{path}:{node.lineno}"
