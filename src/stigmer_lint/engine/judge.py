"""From what the rules found to what is reported: selection, severities, suppressions, fingerprints and the exit status."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from typing import Literal, TypeAlias

import msgspec

from stigmer_lint.engine.globs import Patterns
from stigmer_lint.engine.suppress import CommentTest, Directive, Suppressions, directives
from stigmer_lint.errors import PolicyError, UsageError
from stigmer_lint.knowledge.secrets import mask
from stigmer_lint.model.launch import PLATFORMS, Platform
from stigmer_lint.model.span import SourceFile, Span
from stigmer_lint.model.world import World
from stigmer_lint.policy.types import LoadedPolicy, RuleLevel
from stigmer_lint.report.types import Counts, Excuse, Failure, Report, Reported
from stigmer_lint.rule import AddHostGateway, AlsoSet, Confidence, Finding, PassOn, Rule, RuleEntry, Severity

FailOn: TypeAlias = Literal["error", "warning", "note", "never"]

MALFORMED = "STG901"
UNUSED = "STG902"

_SEVERITIES: dict[str, int] = {"error": 3, "warning": 2, "note": 1, "off": 0}
_CONFIDENCES: dict[str, int] = {"high": 3, "medium": 2, "low": 1}


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line says about which findings count. `select` and `ignore` hold codes, names, prefixes of codes
    ("STG1"), or "ALL"; an empty `select` means the rules that are on by default or by policy."""

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    fail_on: FailOn = "warning"
    min_confidence: Confidence = "medium"
    platforms: tuple[Platform, ...] | None = None
    no_ignores: bool = False
    strict: bool = False


def active(entries: Sequence[RuleEntry], policy: LoadedPolicy, options: Options) -> tuple[RuleEntry, ...]:
    """The rules to run, in code order. Raises UsageError or PolicyError where one names a rule that there is not."""
    rules = [entry.rule for entry in entries]
    by_name = _by_name(rules)
    for text in (*options.select, *options.ignore):
        if not _expand(text, rules):
            raise UsageError(f"There is no rule {text}{_nearest(text, by_name)}.")
    selected = {code for text in options.select for code in _expand(text, rules)}
    ignored = {code for text in options.ignore for code in _expand(text, rules)}
    levels = _levels(policy, by_name)
    raised = {by_name[name] for setting in policy.policy.paths for name, level in setting.rules.items() if level != "off"}

    def on(rule: Rule) -> bool:
        if rule.code in ignored:
            return False
        if selected:
            return rule.code in selected
        level = levels.get(rule.code)
        return rule.code in raised or (level[0] != "off" if level else rule.default)

    return tuple(sorted((entry for entry in entries if on(entry.rule)), key=lambda entry: entry.rule.code))


def judge(
    world: World,
    raw: Iterable[Finding],
    entries: Sequence[RuleEntry],
    policy: LoadedPolicy,
    options: Options,
    *,
    noted: Iterable[SourceFile] = (),
    comments: Callable[[SourceFile], CommentTest | None] = lambda _: None,
    failures: Iterable[Failure] = (),
    files: int = 0,
    seconds: float = 0.0,
    selected: Container[str] | None = None,
    left_out: Mapping[str, str] | None = None,
) -> Report:
    """Decide what is reported.

    `entries` are all rules there are, also those that did not run. `noted`: the files that hold `suppress.NEEDLE`, with or without
    findings. `comments` gives the comment test of a file whose language is known. `failures`: what could not be checked, besides
    `world.unreadable`. `selected`: the paths that findings may be reported for, None for all. `left_out`: files asked for by name
    that do not count, each with why. Raises as `active` does.
    """
    rules = {entry.rule.code: entry.rule for entry in entries}
    by_name = _by_name(rules.values())
    running = {entry.rule.code for entry in active(entries, policy, options)}
    levels = _levels(policy, by_name)
    path_levels = [
        (Patterns([setting.match]), {by_name[name]: level for name, level in setting.rules.items()}) for setting in policy.policy.paths
    ]

    def wanted(span: Span) -> bool:
        return selected is None or span.path in selected

    def severity_of(finding: Finding) -> Severity | None:
        level: RuleLevel | None = None
        if finding.rule in levels and not (levels[finding.rule][0] == "off" and options.select):
            level = levels[finding.rule][0]
        elif options.select or rules[finding.rule].default:
            level = finding.severity or rules[finding.rule].severity
        for patterns, by_code in path_levels:
            if finding.rule in by_code and patterns.covers(finding.span.path):
                level = by_code[finding.rule]
        return None if level is None or level == "off" else level

    sources = dict(world.sources)
    found: list[Directive] = []
    for source in noted:
        sources.setdefault(source.path, source)
        if selected is None or source.path in selected:
            found += directives(source, by_name, comments(source))
    suppressions = Suppressions(() if options.no_ignores else found)

    kept: list[Reported] = []
    excused: list[Reported] = []
    seen: dict[tuple[str, Span, str, str | None], int] = {}

    def add(finding: Finding) -> None:
        if finding.rule not in running or not wanted(finding.span):
            return
        severity = severity_of(finding)
        if severity is None:
            return
        rule = rules[finding.rule]
        # Services that share a line share what is said of it, unless each of them is to be mended in its own place.
        key = (finding.rule, finding.span, finding.message, finding.container if isinstance(finding.remedy, AddHostGateway | AlsoSet | PassOn) else None)
        if key in seen:
            at = seen[key]
            if at >= 0:
                both = kept[at].finding.platforms + finding.platforms
                merged = msgspec.structs.replace(kept[at].finding, platforms=tuple(p for p in PLATFORMS if p in both))
                kept[at] = msgspec.structs.replace(kept[at], finding=merged)
            return
        directive = suppressions.excuse(finding, sources.get(finding.span.path)) if finding.rule not in (MALFORMED, UNUSED) else None
        confidence = finding.confidence or rule.confidence
        if _CONFIDENCES[confidence] < _CONFIDENCES[options.min_confidence]:
            seen[key] = -1
            return
        because = levels[finding.rule][1] if finding.rule in levels else None
        reported = Reported(finding=finding, rule=rule, severity=severity, confidence=confidence, fingerprint="", because=because)
        if directive is not None:
            seen[key] = -1
            excused.append(msgspec.structs.replace(reported, excuse=Excuse("comment", directive.reason, directive.span)))
        else:
            seen[key] = len(kept)
            kept.append(reported)

    for finding in raw:
        add(finding)
    for finding in _about_suppressions(found, suppressions, running, options, policy):
        if finding.rule in rules:
            add(finding)

    everything = fingerprinted([*kept, *excused])
    gaps = tuple(sorted((gap for gap in world.gaps if wanted(gap.span)), key=lambda gap: (gap.span, gap.why)))
    errors = {(one.path, one.why): one for one in (*(Failure(path, why, offset) for path, why, offset in world.unreadable), *failures)}
    report = Report(
        findings=tuple(one for one in everything if one.excuse is None),
        suppressed=tuple(one for one in everything if one.excuse is not None),
        gaps=gaps,
        errors=tuple(errors[key] for key in sorted(errors)),
        sources=sources,
        counts=Counts(files, len({(launch.span, launch.service) for launch in world.launches if wanted(launch.span)}), sum(1 for read in world.reads if wanted(read.span))),
        rules=tuple(rules[code] for code in sorted(running)),
        platforms=world.platforms,
        policy=policy.origin,
        left_out=dict(left_out or {}),
        seconds=seconds,
    )
    report.status = exit_status(report, options)
    return report


def exit_status(report: Report, options: Options) -> int:
    """3 where something that should have been checked was not, else 1 where a finding reaches `fail_on`, else 0."""
    if report.errors or (options.strict and report.gaps):
        return 3
    if options.fail_on != "never" and any(_SEVERITIES[one.severity] >= _SEVERITIES[options.fail_on] for one in report.findings):
        return 1
    return 0


def fingerprinted(findings: Iterable[Reported]) -> list[Reported]:
    """The findings in path and offset order, each with its fingerprint. A second finding with the same evidence in the same file gets
    a fingerprint of its own, so that a baseline that holds the first does not hide it."""
    times: dict[str, int] = {}
    out: list[Reported] = []
    for one in sorted(findings, key=lambda one: (one.finding.span, one.finding.rule, one.finding.message)):
        finding = one.finding
        value = None if finding.value is None else mask(finding.env or "", finding.value)
        evidence = "\0".join(part or "" for part in (finding.rule, finding.span.path, finding.container or finding.image, finding.env, value))
        count = times[evidence] = times.get(evidence, 0) + 1
        digest = hashlib.sha256(f"{evidence}\0{count if count > 1 else ''}".encode("utf-8", "surrogateescape")).hexdigest()[:32]
        out.append(msgspec.structs.replace(one, fingerprint=digest))
    return out


def _about_suppressions(
    found: Sequence[Directive], suppressions: Suppressions, running: Container[str], options: Options, policy: LoadedPolicy
) -> Iterable[Finding]:
    for directive in found:
        if directive.problem is not None:
            yield Finding(
                rule=MALFORMED,
                message=f"This comment suppresses nothing: {directive.problem}.",
                span=directive.span,
                help="write `stigmer: ignore[STG101] reason` with the code of the rule and your reason",
            )
    # What a run over fewer platforms does not find may well be found by the next full one.
    narrowed = options.platforms is not None and set(options.platforms) < set(policy.policy.platforms)
    if options.no_ignores or narrowed:
        return
    for directive, code in suppressions.unused():
        if code in running:
            yield Finding(
                rule=UNUSED,
                message=f"No finding of {code} is here to suppress.",
                span=directive.span,
                help="remove the comment" if len(directive.codes) == 1 else f"remove {code} from the brackets",
            )


def _by_name(rules: Iterable[Rule]) -> dict[str, str]:
    return {key: rule.code for rule in rules for key in (rule.code, rule.name)}


def _expand(text: str, rules: Iterable[Rule]) -> list[str]:
    """The codes that one word of --select or --ignore stands for."""
    word = text.strip()
    upper = word.upper()
    if upper == "ALL":
        return [rule.code for rule in rules]
    return [rule.code for rule in rules if rule.name == word.lower() or (upper and rule.code.startswith(upper))]


def _levels(policy: LoadedPolicy, by_name: dict[str, str]) -> dict[str, tuple[RuleLevel, str | None]]:
    """What the policy says of each rule, by code. Raises PolicyError for a rule that there is not."""
    levels: dict[str, tuple[RuleLevel, str | None]] = {}
    for name, setting in policy.policy.rules.items():
        code = by_name.get(name)
        if code is None:
            raise PolicyError(f"{_where(policy)}rules.{name}: there is no such rule{_nearest(name, by_name)}.")
        levels[code] = (setting, None) if isinstance(setting, str) else (setting.level, setting.because)
    for index, entry in enumerate(policy.policy.paths):
        for name in entry.rules:
            if name not in by_name:
                raise PolicyError(f"{_where(policy)}paths.{index}.rules.{name}: there is no such rule{_nearest(name, by_name)}.")
    return levels


def _where(policy: LoadedPolicy) -> str:
    return f"{policy.origin}: " if policy.origin else ""


def _nearest(text: str, by_name: dict[str, str]) -> str:
    import difflib

    close = difflib.get_close_matches(text, by_name, n=1)
    return f"; the nearest is {close[0]}" if close else "; `stigmer-lint rules` lists them"
