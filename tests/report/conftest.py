"""A report to lay out, made by hand: what the rules would find is not the matter here."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest

from stigmer_lint.engine.judge import Options, judge
from stigmer_lint.model.launch import PLATFORMS, EnvSetting, Launch, LaunchFacts
from stigmer_lint.model.span import SourceFile, Span
from stigmer_lint.model.value import Known, Step
from stigmer_lint.model.world import Gap, World
from stigmer_lint.policy.types import LoadedPolicy, Policy
from stigmer_lint.report.types import Failure, Report
from stigmer_lint.rule import Finding, Rule, RuleEntry

RULES = (
    Rule(code="STG101", name="loopback-in-container", summary="a loopback address reaches a container", severity="error"),
    Rule(code="STG102", name="unresolved-host-address", summary="an address is not resolved", severity="error"),
    Rule(code="STG204", name="set-env-never-read", summary="a variable is set and never read", severity="note", confidence="low"),
    Rule(code="STG401", name="address-not-logged", summary="an address is not logged", severity="warning", default=False),
    Rule(code="STG901", name="malformed-suppression", summary="a suppression is not well formed", severity="warning"),
    Rule(code="STG902", name="unused-suppression", summary="a suppression is not needed", severity="warning"),
)
ENTRIES = tuple(RuleEntry(rule, lambda world, policy: (), f"rules.{rule.code}") for rule in RULES)
NO_POLICY = LoadedPolicy(Policy(version=1), "", {})

DAEMON = """package daemon

func (d *Daemon) start(llmBaseURL string) {
\thostAddr := resolveDockerHostAddress(temporalAddr)
\targs = append(args,
\t\t"-e", fmt.Sprintf("STIGMER_LLM_BASE_URL=%s", llmBaseURL),
\t)
}
"""
CONFIG = 'package config\n\nconst base = "http://localhost:11434"\n'


def span(source: SourceFile, text: str) -> Span:
    """Where a text first stands in a file."""
    at = source.data.index(text.encode())
    return Span(source.path, at, at + len(text.encode()))


def make(
    findings: Iterable[Finding],
    sources: Iterable[SourceFile],
    *,
    options: Options | None = None,
    policy: LoadedPolicy = NO_POLICY,
    noted: Iterable[SourceFile] = (),
    gaps: tuple[Gap, ...] = (),
    failures: Iterable[Failure] = (),
    launches: tuple[Launch, ...] = (),
) -> Report:
    """A report as the engine makes it from findings."""
    world = World(PLATFORMS, launches=launches, sources={source.path: source for source in sources}, gaps=gaps)
    return judge(world, findings, ENTRIES, policy, options or Options(), noted=noted, failures=failures, files=41, seconds=0.21)


@pytest.fixture
def seed() -> Report:
    """The outage that the project began with."""
    source = SourceFile("client-apps/cli/daemon.go", DAEMON.encode())
    config = SourceFile("internal/config.go", CONFIG.encode())
    bridge = LaunchFacts(env=(EnvSetting("OPENAI_API_KEY", Known("sk-abcdef0123456789"), span(source, "args")),))
    launch = Launch(
        "docker run", "docker", span(source, "append"), {"linux": LaunchFacts(network=Known("host")), "macos": bridge, "windows": bridge}
    )
    finding = Finding(
        rule="STG102",
        message="STIGMER_LLM_BASE_URL is handed to container stigmer-agent-runner unresolved: llmBaseURL may be http://localhost:11434.",
        span=Span(source.path, DAEMON.rindex("llmBaseURL"), DAEMON.rindex("llmBaseURL") + len("llmBaseURL")),
        container="stigmer-agent-runner",
        env="STIGMER_LLM_BASE_URL",
        value="http://localhost:11434",
        platforms=("macos", "windows"),
        trail=(Step(span(config, '"http://localhost:11434"'), "default set here"),),
        related=(Step(span(config, "base"), "read here"),),
        marks=(Step(span(source, "resolveDockerHostAddress"), "the other addresses of this launch are resolved"),),
        help="pass resolveDockerHostAddress(llmBaseURL)",
        launch=launch,
    )
    return make([finding], [source, config], gaps=(Gap(span(config, "base"), "the image is not known"),), launches=(launch,))


Maker = Callable[..., Report]


@pytest.fixture
def report_of() -> Maker:
    """`make`, for tests that bring findings of their own."""
    return make
