"""What is packaged, and what others read of the repository."""

from __future__ import annotations

import importlib.metadata
import os
import re
import subprocess
import sys
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest
import yaml

import stigmer_lint

ROOT = Path(os.environ.get("STIGMER_LINT_CHECKOUT") or Path(__file__).parents[2])


def test_both_hook_files_have_the_same_bytes() -> None:
    assert (ROOT / ".pre-commit-hooks.yaml").read_bytes() == (ROOT / "pre-commit-hooks.yaml").read_bytes()


def test_hooks_are_valid_for_pre_commit() -> None:
    from pre_commit.clientlib import load_manifest

    hooks = {hook["id"]: hook for hook in load_manifest(str(ROOT / ".pre-commit-hooks.yaml"))}
    assert hooks["stigmer-lint"]["require_serial"] is True
    assert hooks["stigmer-lint-project"]["pass_filenames"] is False


def test_the_action_takes_its_inputs_through_the_environment() -> None:
    """Text of an input inside `run` would be run."""
    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    for step in action["runs"]["steps"]:
        assert "${{" not in step["run"]
        assert set(step["env"].values()) >= {f"${{{{ inputs.{name} }}}}" for name in action["inputs"]}


def test_the_version_is_the_same_everywhere() -> None:
    assert importlib.metadata.version("stigmer-lint") == stigmer_lint.__version__
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(r"^## ([0-9.]+)", changes, re.MULTILINE) is not None
    assert stigmer_lint.__version__ in changes
    assert f"rev: v{stigmer_lint.__version__}" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_import_is_a_declared_dependency() -> None:
    """A package that only the developers' environment has would be missing for users."""
    import ast

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = {"pyyaml": "yaml", "grpcio": "grpc"}

    def imported(texts: list[str]) -> set[str]:
        declared = (re.split(r"[<>=\[ ]", text)[0].lower().replace("-", "_") for text in texts)
        return {names.get(one, one) for one in declared}

    core = imported(project["dependencies"]) | {"stigmer_lint", "stigmer_rules", "stigmer_policies"} | sys.stdlib_module_names
    extras = imported([text for texts in project["optional-dependencies"].values() for text in texts])
    for package in ("src/stigmer_lint", "lint_rules/stigmer_rules", "policies/stigmer_policies"):
        for path in (ROOT / package).rglob("*.py"):
            # What is imported where its extra is installed only.
            allowed = core | extras if path.parent.name == "adapters" or path.parts[-2:] == ("stack", "temporal.py") else core
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                found = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""] if isinstance(node, ast.ImportFrom) else []
                assert {name.split(".")[0] for name in found} <= allowed, path


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built without the network by the build tools that are installed here."""
    if not (ROOT / "pyproject.toml").exists():
        pytest.skip("no checkout here")
    target = tmp_path_factory.mktemp("wheel")
    done = subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(target), str(ROOT)], capture_output=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:] + done.stdout.decode()[-2000:]
    (path,) = target.glob("*.whl")
    return path


def test_the_wheel_holds_the_three_packages_with_their_data_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names} == {
        "stigmer_lint", "stigmer_rules", "stigmer_policies", "stigmer-lint.pth", f"stigmer_lint-{stigmer_lint.__version__}.dist-info",
    }  # fmt: skip
    kinds = {(name.split("/")[0], name.rsplit(".", 1)[-1]) for name in names}
    assert {("stigmer_rules", "md"), ("stigmer_policies", "json"), ("stigmer_policies", "yaml"), ("stigmer_lint", "tsv")} <= kinds
    assert {f"{package}/py.typed" for package in ("stigmer_lint", "stigmer_rules", "stigmer_policies")} <= set(names)
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_the_wheel_works_in_an_environment_of_its_own(wheel: Path, tmp_path: Path) -> None:
    """Only its own code is new there: the dependencies are those of this environment, so that no network is needed."""
    place = tmp_path / "venv"
    venv.create(place, with_pip=False, symlinks=True)
    python = place / ("Scripts" if os.name == "nt" else "bin") / "python"
    site = Path(subprocess.run([python, "-c", "import site; print(site.getsitepackages()[0])"], capture_output=True, text=True, check=True).stdout.strip())
    zipfile.ZipFile(wheel).extractall(site)
    import click

    (site / "dependencies.pth").write_text(f"{Path(click.__file__).parents[1]}\n", encoding="utf-8")
    project = tmp_path / "project"
    project.mkdir()
    (project / "run.sh").write_text("docker run -e A_URL=http://localhost:1 x/y\n", encoding="utf-8")
    for arguments, status in ((["check"], 1), (["rules"], 0), (["explain", "STG101"], 0), (["policy", "check", "builtin:stigmer"], 0)):
        done = subprocess.run([python, "-I", "-m", "stigmer_lint", *arguments], cwd=project, capture_output=True, check=False, timeout=60)
        assert done.returncode == status, done.stderr.decode()
    where = subprocess.run([python, "-I", "-c", "import stigmer_lint; print(stigmer_lint.__file__)"], capture_output=True, text=True, check=True).stdout
    assert where.startswith(str(site))
    trap = "raise SystemExit(99)\n"
    for package in ("stigmer_lint", "stigmer_rules", "stigmer_policies", "lint_rules", "runpy", "importlib", "types", "click"):
        (project / package).mkdir()
        for name in ("__init__.py", "__main__.py"):
            (project / package / name).write_text(trap, encoding="utf-8")
    for module in (["-m", "stigmer_lint"], ["-mstigmer_lint"], ["-X", "utf8", "-m", "stigmer_lint"]):
        done = subprocess.run([python, *module, "check"], cwd=project, capture_output=True, check=False, timeout=60)
        assert done.returncode == 1, done.stderr.decode()
        assert b"run.sh:1" in done.stdout
    schema = subprocess.run([python, "-m", "stigmer_lint", "policy", "schema"], cwd=project, capture_output=True, check=True, timeout=60).stdout
    assert b"json-schema.org" in schema
