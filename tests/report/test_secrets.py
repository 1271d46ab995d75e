"""No secret in any format: not as a value, in a message, in a quoted line, in an edit."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from stigmer_lint.model.launch import EnvSetting, Launch, LaunchFacts
from stigmer_lint.model.span import SourceFile, Span
from stigmer_lint.model.value import Known, Step
from stigmer_lint.report import FORMATS, Format, render
from stigmer_lint.report.layout import Layout
from stigmer_lint.report.masking import Secrets
from stigmer_lint.report.types import Edit, Fix, Report
from stigmer_lint.rule import Finding

SECRET = "hunter2-correct-horse"
LINES = (
    f"docker run -e DB_PASSWORD={SECRET} -e A=http://localhost image",
    f'environment: {{"DB_PASSWORD": "{SECRET}", A: http://localhost}}',
    f"DB_PASSWORD: '{SECRET}' # http://localhost",
    f'os.Setenv("DB_PASSWORD", "{SECRET}"); run("http://localhost")',
    f'{{Name: "DB_PASSWORD", Value: "{SECRET}"}}, "http://localhost"',
    f"const DB_PASSWORD = `{SECRET}`; http://localhost",
    f"docker run -e A=postgres://me:{SECRET}@localhost/db http://localhost",
)


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("form", FORMATS)
def test_a_line_that_is_quoted(form: Format, line: str, report_of: Callable[..., Report]) -> None:
    source = SourceFile("a.sh", f"{line}\n".encode())
    at = line.index("http://localhost")
    finding = Finding(rule="STG101", message="m", span=Span("a.sh", at, at + 16), env="A", value="http://localhost")
    text = render(report_of([finding], [source]), form, Layout(verbose=True))
    assert SECRET not in text
    if form == "text":
        code, carets = text.splitlines()[3:5]
        assert "***" in code
        assert code[carets.index("^") : carets.rindex("^") + 1] == "http://localhost"


@pytest.mark.parametrize("form", FORMATS)
def test_the_value_of_a_secret_variable_wherever_it_is_said(form: Format, report_of: Callable[..., Report]) -> None:
    source = SourceFile("a.sh", f"run {SECRET}\nother {SECRET}\n".encode())
    span = Span("a.sh", 4, 4 + len(SECRET))
    step = Step(Span("a.sh", 26, 31), f"set to {SECRET} here")
    finding = Finding(
        rule="STG101", message=f"it is {SECRET}", span=span, env="DB_PASSWORD", value=SECRET, trail=(step,), related=(step,), marks=(step,),
        notes=(f"note {SECRET}",), help=f"do not say {SECRET}",
    )  # fmt: skip
    report = report_of([finding], [source])
    fix = Fix("set it", "safe", (Edit(span, f"OTHER={SECRET}"),))
    report.findings = tuple(msgspec.structs.replace(one, fix=fix) for one in report.findings)
    assert SECRET not in render(report, form, Layout(verbose=True))


@pytest.mark.parametrize("form", FORMATS)
def test_another_secret_of_the_same_launch(form: Format, report_of: Callable[..., Report]) -> None:
    source = SourceFile("a.sh", f"f({SECRET}, http://localhost)\n".encode())
    setting = EnvSetting("API_TOKEN", Known(SECRET), Span("a.sh", 2, 5))
    launch = Launch("docker run", "docker", Span("a.sh", 0, 5), {"linux": LaunchFacts(env=(setting,))})
    at = source.data.index(b"http")
    finding = Finding(rule="STG101", message="m", span=Span("a.sh", at, at + 16), launch=launch)
    assert SECRET not in render(report_of([finding], [source]), form, Layout(verbose=True))


def test_the_fingerprint_does_not_depend_on_the_secret(report_of: Callable[..., Report]) -> None:
    source = SourceFile("a.sh", b"run\n")
    prints = {
        report_of([Finding(rule="STG101", message="m", span=Span("a.sh", 0, 3), env="DB_PASSWORD", value=value)], [source]).findings[0].fingerprint
        for value in ("one-secret", "another-secret")
    }
    assert len(prints) == 1


def test_a_password_that_is_a_plain_word_stays_a_part_of_paths() -> None:
    setting = EnvSetting("DB_PASSWORD", Known("postgres"), Span("a", 0, 1))
    secrets = Secrets.of_launch(Launch("docker run", "docker", Span("a", 0, 1), {"linux": LaunchFacts(env=(setting,))}))
    assert secrets.hide("db/postgres-primary/Dockerfile takes postgres; 'postgres', (postgres), is postgres.") == "db/postgres-primary/Dockerfile takes ***; '***', (***), is ***."
    setting = msgspec.structs.replace(setting, value=Known("k9-Tz.4"))
    secrets = Secrets.of_launch(Launch("docker run", "docker", Span("a", 0, 1), {"linux": LaunchFacts(env=(setting,))}))
    assert "k9-Tz.4" not in secrets.hide("http://h/k9-Tz.4/x and xk9-Tz.4")


def test_what_the_container_is_called_is_no_secret() -> None:
    setting = EnvSetting("DB_PASSWORD", Known("nocobase"), Span("a", 0, 1))
    launch = Launch("compose", "docker", Span("a", 0, 1), {"linux": LaunchFacts(env=(setting,))}, service="nocobase")
    assert Secrets.of_launch(launch).hide("DB_HOST is localhost, which is nocobase itself") == "DB_HOST is localhost, which is nocobase itself"
    other = Launch("compose", "docker", Span("a", 0, 1), {"linux": LaunchFacts(env=(setting,))}, service="app")
    assert "nocobase" not in Secrets.of_launch(other).hide("the password nocobase was refused")
