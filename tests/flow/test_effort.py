"""What need not be followed is not: neither what makes an error, nor what only a condition asks for that cannot be told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from stigmer_lint.engine.run import check
from stigmer_lint.flow.evaluate import Evaluator
from stigmer_lint.flow.frame import Frame
from stigmer_lint.flow.ir import Expr, Stmt
from stigmer_lint.flow.reads_forms import NEAR, NEEDLE
from stigmer_lint.model.value import Value
from stigmer_lint.policy.types import NO_POLICY
from stigmer_rules import RULES

LAUNCH = """package app

import "os/exec"

type Settings struct {
	URL  string
	Size int
}

%s

func start(s *Settings) error {
%s
	return exec.Command("docker", "run", "-e", "OLLAMA_BASE_URL=" + url, "app").Run()
}
"""


@pytest.fixture
def steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], tuple[int, set[str]]]:
    """Check a launch with these declarations and these lines before it: (steps of the evaluator, the codes found)."""
    done = 0
    plain = Evaluator._eval

    def counted(self: Evaluator, expr: Expr, frame: Frame, at: Stmt | None) -> Value:
        nonlocal done
        done += 1
        return plain(self, expr, frame, at)

    monkeypatch.setattr(Evaluator, "_eval", counted)

    def run(declarations: str, lines: str) -> tuple[int, set[str]]:
        nonlocal done
        done = 0
        (tmp_path / "main.go").write_text(LAUNCH % (declarations, lines), encoding="utf-8")
        report = check(tmp_path, policy=NO_POLICY, rules=RULES, cwd=tmp_path)
        assert not report.errors
        return done, {one.rule.code for one in report.findings}

    return run


def slow(result: str) -> str:
    """A function that needs much work before it gives `result` back."""
    return "\n".join(
        [
            "func slow() string {",
            f"\tu := {result}",
            *(f"\tu = u + part({at}) + part({at})" for at in range(120)),
            "\treturn u",
            "}",
            "func part(n int) string { return pick(n) }",
            'func pick(n int) string { if n == 3 { return "" }; return "" }',
        ]
    )


@pytest.mark.parametrize("returned", [
    "func load() (string, error) { err := check(slow()); return \"http://localhost:11434\", err }",
    "func load() (url string, err error) { return \"http://localhost:11434\", fail{slow()} }",
])  # fmt: skip
def test_what_makes_an_error_is_not_followed(steps: Callable[[str, str], tuple[int, set[str]]], returned: str) -> None:
    declarations = slow('"x"') + "\ntype fail struct { text string }\nfunc check(text string) error { return fail{text} }\n" + returned
    count, codes = steps(declarations, "\turl, err := load()\n\tif err != nil { return err }")
    assert codes >= {"STG101"}
    assert count < 50


@pytest.mark.parametrize("result", ["(string, func() error)", "(string, chan error)"])
def test_what_gives_errors_is_no_error(steps: Callable[[str, str], tuple[int, set[str]]], result: str) -> None:
    declarations = f'func load() {result} {{ return "http://localhost:11434", nil }}\nfunc later() {result} {{ return load() }}'
    _, codes = steps(declarations, "\turl, _ := later()")
    assert codes >= {"STG101"}


def test_an_order_is_not_followed_since_it_is_never_told(steps: Callable[[str, str], tuple[int, set[str]]]) -> None:
    count, codes = steps(slow('"x"'), '\turl := "http://localhost:11434"\n\tif slow() > "y" { url = "http://127.0.0.1:11434" }')
    assert codes >= {"STG101"}
    assert count < 50


def test_a_condition_does_not_spend_on_fields_what_a_value_may(steps: Callable[[str, str], tuple[int, set[str]]]) -> None:
    declarations = slow('"x"') + "\nfunc made() *Settings { return &Settings{URL: slow()} }"
    asked = '\turl := "http://localhost:11434"\n\tif s.URL == "off" { url = "http://127.0.0.1:11434" }'
    count, codes = steps(declarations, asked)
    assert codes >= {"STG101"}
    assert count < 1_000
    again, codes = steps(
        declarations, asked + "\n" + "\n".join(f'\tif s.URL == "mode{at}" {{ url = "http://127.0.0.1:11434/{at}" }}' for at in range(20))
    )
    assert codes >= {"STG101"}
    assert again < count + 1_000


def test_a_field_that_was_too_much_for_a_condition_is_told_where_it_is_the_value(steps: Callable[[str, str], tuple[int, set[str]]]) -> None:
    declarations = slow('"http://localhost:11434"') + "\nfunc made() *Settings { return &Settings{URL: slow()} }"
    count, codes = steps(declarations, '\tif s.URL == "off" { return nil }\n\turl := s.URL')
    assert codes >= {"STG101"}
    assert count > 600


def test_a_program_that_is_given_flags_alone_is_not_followed(steps: Callable[[str, str], tuple[int, set[str]]]) -> None:
    """An engine starts no container without a word that says so; words that are added afterwards count."""
    count, codes = steps(slow('"x"'), '\turl := "http://localhost:11434"\n\texec.Command(slow(), "--version").Run()')
    assert codes >= {"STG101"}
    assert count < 50
    added = '\turl := ""\n\tengine := "docker"\n\tcmd := exec.Command(engine, "--debug")\n\tcmd.Args = append(cmd.Args, "run", "-e", "LLM_URL=http://localhost:1234", "app")\n\tcmd.Run()'
    _, codes = steps("", added)
    assert codes >= {"STG101"}


@pytest.mark.parametrize("text", [
    "os.environ", "os.Environ()", "os.getenv", "os.Getenv", "os.LookupEnv", "process.env", "import.meta.env", "Bun.env", "Deno.env", "BaseSettings", "decouple",
    "envvar", 'env:"A"', 'envconfig:"A"', "viper", "Viper", "EnvVar", "Envar", "starlette.config", "config.get", "Config.get", "configService.get", "ConfigService.get",
    "env-var", "createEnv", "cleanEnv", "Dynaconf", "LazySettings", "env.Provider",
    "github.com/ardanlabs/conf/v3", "github.com/ory/x/configx",
])  # fmt: skip
def test_whatever_reads_a_variable_has_a_text_that_is_looked_for_first(text: str) -> None:
    assert NEEDLE.search(text.encode())
    assert any(one in text.encode() for one in NEAR)


def test_every_way_to_read_a_variable_is_held_to_that() -> None:
    assert NEEDLE.pattern.count(b"|") == 27, "a new alternative needs a text of NEAR, and a case of the test above"
