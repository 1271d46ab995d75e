"""The command as a user meets it: exit statuses, formats and files, standard input, errors."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from stigmer_lint.cli import pair, run
from stigmer_lint.errors import UsageError

BAD = "services:\n  app:\n    image: example/app:1\n    environment:\n      OLLAMA_BASE_URL: http://localhost:11434\n"
GOOD = BAD.replace("localhost", "ollama.example.com")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "compose.yaml").write_text(BAD, encoding="utf-8")
    return tmp_path


def test_a_finding_is_status_1_and_the_last_line_says_the_coverage(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "compose.yaml:5:24: error[STG101] loopback-in-container"
    assert lines[-1] == "1 error in 1 file; 1 launch read"


def test_no_finding_is_status_0(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "compose.yaml").write_text(GOOD, encoding="utf-8")
    assert run(["check", "."]) == 0
    assert capsys.readouterr().out == "no findings in 1 file; 1 launch read\n"


def test_fail_on_decides(project: Path) -> None:
    assert run(["check", "--fail-on", "never"]) == 0
    assert run(["check", "--fail-on", "error"]) == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["check", "--bogus"], "No such option"),
        (["chekc"], "No such command"),
        (["check", "nope.py"], "nope.py: No such file or directory."),
        (["check", "--select", "STG1O1"], "There is no rule STG1O1"),
        (["check", "--format", "xml"], "Invalid value for '--format'"),
        (["check", "--policy", "nope.yaml"], "nope.yaml"),
        (["check", "--policy", "builtin:stigmer", "--no-policy"], "exclude each other"),
        (["check", "-"], "--stdin-filename"),
        (["check", "--stdin-filename", "x.py"], "- as the only path"),
        (["check", "--format", "json", "--format", "sarif"], "standard output"),
        (["check", "--output", "a", "--output", "b"], "--output"),
        (["check", "--output", "no/such/folder/x"], "cannot be written"),
        (["explain", "STG000"], "There is no rule STG000"),
    ],
)
def test_a_wrong_command_line_is_status_2_and_says_what_is_wrong(
    arguments: list[str], said: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / ".git").mkdir()
    assert run(arguments) == 2
    assert said in capsys.readouterr().err


def test_a_wrong_policy_is_status_2_and_says_where(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "stigmer-lint.yaml").write_text("version: 1\nservics: {}\n", encoding="utf-8")
    assert run(["check"]) == 2
    assert "stigmer-lint.yaml:2:1" in capsys.readouterr().err
    assert run(["check", "--no-policy"]) == 1


def test_a_file_that_could_not_be_checked_is_status_3_and_the_findings_are_there(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "docker-compose.prod.yaml").write_text("services:\n  app:\n    image: x\n    environment: " + "[" * 100_000, encoding="utf-8")
    assert run(["check"]) == 3
    out = capsys.readouterr().out
    assert "compose.yaml:5:24: error[STG101]" in out
    assert "docker-compose.prod.yaml" in out


def test_several_formats_in_one_run(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "--format", "concise", "--format", "json", "--output", "r.json", "--format", "sarif", "--output", "r.sarif"]) == 1
    assert capsys.readouterr().out.startswith("compose.yaml:5:24: error[STG101]")
    assert json.loads((project / "r.json").read_text(encoding="utf-8"))["version"] == 1
    assert json.loads((project / "r.sarif").read_text(encoding="utf-8"))["version"] == "2.1.0"


def test_with_every_report_in_a_file_the_coverage_is_still_said(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "--format", "json", "--output", "r.json"]) == 1
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", "1 error in 1 file; 1 launch read\n")


@pytest.mark.parametrize(
    ("order", "forms", "outputs", "expected"),
    [
        ("", [], [], [("text", None)]),
        ("o", [], ["a"], [("text", "a")]),
        ("fo", ["json"], ["a"], [("json", "a")]),
        ("of", ["json"], ["a"], [("json", "a")]),
        ("ffo", ["text", "sarif"], ["a"], [("text", None), ("sarif", "a")]),
        ("fof", ["sarif", "text"], ["a"], [("sarif", "a"), ("text", None)]),
        ("fofo", ["sarif", "json"], ["a", "b"], [("sarif", "a"), ("json", "b")]),
        ("ofof", ["sarif", "json"], ["a", "b"], [("sarif", "a"), ("json", "b")]),
    ],
)
def test_formats_and_files_are_paired_by_their_order(
    order: str, forms: list[str], outputs: list[str], expected: list[tuple[str, str | None]]
) -> None:
    names = ["forms" if letter == "f" else "outputs" for letter in order]
    assert pair(names, forms, outputs) == expected


@pytest.mark.parametrize("order", ["oo", "foo", "ff"])
def test_what_cannot_be_paired_is_refused(order: str) -> None:
    names = ["forms" if letter == "f" else "outputs" for letter in order]
    with pytest.raises(UsageError):
        pair(names, ["json"] * order.count("f"), ["a"] * order.count("o"))


def test_a_file_by_itself_gets_what_a_whole_run_gives_it(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "sub").mkdir()
    (project / "sub" / "run.sh").write_text("docker run -e A_URL=http://localhost:1 x/y\n", encoding="utf-8")
    run(["check", "--format", "json"])
    whole = [one for one in json.loads(capsys.readouterr().out)["findings"] if one["path"] == "sub/run.sh"]
    (project / ".git").mkdir()
    run(["check", "--format", "json", "sub/run.sh"])
    assert json.loads(capsys.readouterr().out)["findings"] == whole != []


def test_rules_and_explain_need_no_project(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rules", "--format", "json"]) == 0
    rules = json.loads(capsys.readouterr().out)
    assert [rule["code"] for rule in rules] == sorted(rule["code"] for rule in rules)
    assert "STG101" in [rule["code"] for rule in rules]
    assert run(["explain", "stg101"]) == 0
    assert capsys.readouterr().out.startswith("# loopback-in-container (STG101)")
    assert run(["explain", "loopback-in-container"]) == 0


def command(*arguments: str, cwd: Path, **more: object) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([sys.executable, "-m", "stigmer_lint", *arguments], cwd=cwd, capture_output=True, check=False, timeout=60, **more)


def test_standard_input_is_checked_as_a_file_of_the_project(project: Path) -> None:
    (project / "compose.yaml").unlink()
    done = command("check", "--format", "concise", "--stdin-filename", "compose.yaml", "-", cwd=project, input=BAD.encode())
    assert done.returncode == 1
    assert done.stdout.startswith(b"compose.yaml:5:24: error[STG101]")


def test_only_the_platforms_that_count_are_judged_in_configuration_as_well(project: Path) -> None:
    (project / "compose.yaml").write_text("services:\n  a:\n    image: x/y\n    environment:\n      API_URL: http://host.docker.internal:80\n", encoding="utf-8")
    assert b"STG103" in command("check", cwd=project).stdout
    assert b"STG103" not in command("check", "--platform", "macos", cwd=project).stdout
    (project / "stigmer-lint.yaml").write_text("version: 1\nplatforms: [macos, windows]\n", encoding="utf-8")
    assert b"STG103" not in command("check", cwd=project).stdout


def test_every_option_of_the_contract_is_there(project: Path) -> None:
    shown = command("check", "--help", cwd=project).stdout.decode()
    wanted = (
        "--policy --no-policy --policy-rev --diff-base --baseline --write-baseline --format --output --select --ignore --fail-on --min-confidence --platform --no-ignores --show-gaps --strict --jobs "
        "--no-cache --stdin-filename --statistics --quiet --verbose --color"
    )
    assert not [option for option in wanted.split() if option not in shown]


def test_no_cache_changes_nothing(project: Path) -> None:
    plain, without = command("check", cwd=project), command("check", "--no-cache", cwd=project)
    assert (plain.returncode, plain.stdout) == (without.returncode, without.stdout) == (1, plain.stdout)


def test_nothing_in_the_current_folder_is_imported(project: Path) -> None:
    for name in ("click", "yaml", "msgspec", "stigmer_rules", "stigmer_policies", "lint_rules", "tree_sitter", "json", "sitecustomize"):
        (project / name).mkdir()
        (project / name / "__init__.py").write_text(f"print('ran {name}'); raise SystemExit(99)\n", encoding="utf-8")
    for arguments in (["check"], ["rules"], ["explain", "STG101"], ["policy", "check", "builtin:stigmer"]):
        done = command(*arguments, cwd=project)
        assert b"ran " not in done.stdout + done.stderr
        assert done.returncode != 99


def test_a_folder_named_like_the_package_is_not_imported(project: Path) -> None:
    (project / "stigmer_lint").mkdir()
    (project / "stigmer_lint" / "__init__.py").write_text("raise SystemExit(99)\n", encoding="utf-8")
    (project / "stigmer_lint" / "__main__.py").write_text("raise SystemExit(99)\n", encoding="utf-8")
    script = Path(sys.executable).with_name("stigmer-lint")
    for start in ([sys.executable, "-m", "stigmer_lint"], [sys.executable, "-P", "-m", "stigmer_lint"], [str(script)]):
        done = subprocess.run([*start, "check"], cwd=project, capture_output=True, check=False, timeout=60)
        assert done.returncode == 1


def test_a_reader_that_goes_away_is_no_crash(project: Path) -> None:
    (project / "run.sh").write_text("docker run -e A_URL=http://localhost:1 x/y\n" * 300, encoding="utf-8")
    done = subprocess.run(f"{sys.executable} -m stigmer_lint check | head -n 1", shell=True, cwd=project, capture_output=True, check=False, timeout=60)  # noqa: S602
    assert done.stderr == b""


def test_a_terminal_that_knows_ascii_only(project: Path) -> None:
    (project / "compose.yaml").write_text(BAD.replace("11434", "11434/\u65e5"), encoding="utf-8")
    done = command("check", cwd=project, env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert done.returncode == 1
    assert rb"\u65e5" in done.stdout


def test_a_named_file_that_does_not_count_is_said(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "vendor").mkdir()
    (project / "vendor" / "run.sh").write_text("docker run -e A_URL=http://localhost:1 x/y\n", encoding="utf-8")
    (project / ".git").mkdir()
    assert run(["check", "vendor/run.sh"]) == 0
    assert capsys.readouterr().out.endswith("; 1 named file left out (-v)\n")
    assert run(["check", "-v", "vendor/run.sh"]) == 0
    assert "vendor/run.sh: left out: in a folder of vendored code" in capsys.readouterr().out
