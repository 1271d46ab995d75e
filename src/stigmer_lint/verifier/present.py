"""A verification in the four formats: text for people, JSON, JUnit for CI, SARIF."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, TypeAlias

from stigmer_lint.knowledge.secrets import mask
from stigmer_lint.report.escape import dumped, encodable, joined, paragraph, plain
from stigmer_lint.report.layout import Layout
from stigmer_lint.report.summary import plural
from stigmer_lint.report.text import painter
from stigmer_lint.verifier.types import Check, Examined, Way
from stigmer_lint.verifier.verify import Verification

Format: TypeAlias = Literal["text", "json", "junit", "sarif"]
_SIGNS = {"pass": "ok  ", "fail": "FAIL", "cannot-tell": "?   ", "not-applicable": "-   "}
_COLORS = {"pass": "help", "fail": "error", "cannot-tell": "warning", "not-applicable": "dim"}
_WAYS: dict[Way | None, str] = {
    "setns": "probed by setns into its network namespace", "helper": "probed from a helper container in its network namespace",
    "exec": "probed by exec in the container", None: "not probed from inside",
}  # fmt: skip


def present(result: Verification, form: Format, layout: Layout) -> str:
    """The whole result in one format, ending in a newline. Holds no secret and no control character of what was observed."""
    if form == "json":
        return _json(result)
    if form == "junit":
        return _junit(result)
    if form == "sarif":
        from stigmer_lint.report import render

        return render(result.report, "sarif", layout)
    return _text(result, layout)


def _text(result: Verification, layout: Layout) -> str:
    paint = painter(layout.color)
    lines: list[str] = []
    for one in result.examined:
        container = one.container
        how = _WAYS[one.way] if one.way is not None or one.why_not else "nothing to probe"
        why = f": {one.why_not}" if one.why_not else ""
        lines.append(f"{paint(plain(container.name), 'path')}  {plain(container.image)}  {paint(plain(f'({container.state.status}; network {_network(one)}; {how}{why})'), 'dim')}")
        for check in one.checks:
            if check.outcome == "pass" and check.kind in ("state", "env") and not check.notes and not layout.verbose:
                continue
            lines += _check_lines(check, layout)
        lines.append("")
    extra = _uncovered(result)
    for finding in extra:
        lines.append(f"{finding.rule.code} {finding.rule.name}: {paragraph(mask('', finding.finding.message))}")
        if finding.finding.help:
            lines.append(f"     fix: {paragraph(finding.finding.help)}")
    lines += [f"{plain(failure.path)}: not checked: {paragraph(failure.why)}" for failure in result.report.errors]
    if layout.verbose:
        daemon = result.daemon
        lines.append(f"engine: {plain(daemon.program)} {plain(daemon.version)} ({daemon.kind}); policy: {plain(result.policy) or 'none'}")
    lines.append(summary(result))
    return joined(lines)


def summary(result: Verification) -> str:
    """The last line: what was told, and what was not."""
    parts = [f"{count} {words}" for outcome, words in _OUTCOMES if (count := result.count(outcome))]
    return f"{', '.join(parts) or 'nothing to check'} in {plural(len(result.examined), 'container')}{'' if result.examined else f' of {result.daemon.program}'} ({result.seconds:.2f} s)"


_OUTCOMES: tuple[tuple[Literal["pass", "fail", "cannot-tell", "not-applicable"], str], ...] = (
    ("fail", "failed"), ("cannot-tell", "could not be told"), ("pass", "passed"), ("not-applicable", "not applicable"),
)  # fmt: skip


def _network(one: Examined) -> str:
    container = one.container
    if container.owner is not None:
        return "of container " + container.owner[:12]
    return ", ".join(container.networks) or container.mode


def _check_lines(check: Check, layout: Layout) -> Iterator[str]:
    paint = painter(layout.color)
    names = f"{', '.join(check.names)}=" if check.names and check.kind != "env" else ""
    service = f" [{check.service}]" if check.service else ""
    subject = check.subject if check.kind != "smoke" else f"smoke {check.subject}"
    shown = (check.value or check.subject) if check.kind in ("address", "service") else f"{subject}{'=' + check.value if check.value and check.outcome == 'fail' else ''}"
    head = f"{paint(_SIGNS[check.outcome], _COLORS[check.outcome])} {plain(names + shown)}{plain(service)}"
    took = f" in {check.seconds * 1000:.0f} ms" if check.seconds is not None else ""
    at = f" ({', '.join(check.resolved)})" if check.resolved and check.subject.rpartition(":")[0].strip("[]") not in check.resolved else ""
    if check.kind in ("address", "service"):
        head += paint(plain(f"  {check.tried} at {check.subject}{at}{': ' + check.detail if check.detail else ''}{took}"), "dim")
    elif check.detail and check.outcome != "pass":
        head += paint(f"  {plain(check.detail)}", "dim")
    yield f"  {head}"
    if check.error:
        yield f"         saw: {_told(check.error)}"
    if check.cause is not None:
        yield f"         why: {_told(check.cause.text)} [{check.cause.rule} {check.cause.key}]"
        yield f"         fix: {paint(_told(check.cause.fix), 'help')}"
    for note in check.notes:
        yield f"         note: {_told(note)}"
    if check.because and check.outcome == "fail":
        yield f"         because: {_told(check.because)}"


def _told(text: str) -> str:
    """Prose that quotes what was observed, without its secrets."""
    return paragraph(mask("", text))


def _uncovered(result: Verification) -> list[Any]:
    """Findings of the static rules that no check speaks of."""
    covered = {(check.cause.rule, name) for one in result.examined for check in one.checks if check.cause for name in (*check.names, None)}
    failed = {name for one in result.examined for check in one.checks if check.outcome == "fail" for name in check.names}
    return [
        one for one in result.report.findings
        if not one.rule.code.startswith("STG5") and (one.rule.code, one.finding.env) not in covered and one.finding.env not in failed
    ]  # fmt: skip


def document(result: Verification) -> dict[str, Any]:
    """The result as JSON has it: the document of `check` with the containers and their checks added."""
    from stigmer_lint.report.json import document as of_report

    base = of_report(result.report)
    base["summary"] |= {
        "containers": len(result.examined), "passed": result.count("pass"), "failed": result.count("fail"), "cannot_tell": result.count("cannot-tell"),
        "not_applicable": result.count("not-applicable"), "seconds": round(result.seconds, 3), "status": result.status,
    }  # fmt: skip
    base["engine"] = {"program": result.daemon.program, "kind": result.daemon.kind, "version": encodable(result.daemon.version)}
    base["containers"] = [_container(one) for one in result.examined]
    return base


def _container(one: Examined) -> dict[str, Any]:
    container = one.container
    return {
        "name": encodable(container.name), "id": container.id, "image": encodable(container.image), "state": container.state.status,
        "networks": [encodable(name) for name in container.networks], "network_mode": encodable(container.mode), "prober": one.way,
        "why_not_probed": encodable(one.why_not) or None, "checks": [_check(check) for check in one.checks],
    }  # fmt: skip


def _check(check: Check) -> dict[str, Any]:
    def text(value: str | None) -> str | None:
        return None if value is None else encodable(mask("", value))

    return {
        "kind": check.kind, "outcome": check.outcome, "subject": text(check.subject), "env": [encodable(name) for name in check.names],
        "value": None if check.value is None else encodable(check.value), "service": text(check.service), "tried": text(check.tried), "resolved": list(check.resolved),
        "seconds": None if check.seconds is None else round(check.seconds, 4), "error": text(check.error), "detail": text(check.detail) or None,
        "cause": None if check.cause is None else {
            "key": check.cause.key, "rule": check.cause.rule, "text": text(check.cause.text), "fix": text(check.cause.fix),
        },
        "notes": [text(note) for note in check.notes], "because": text(check.because), "fingerprint": check.fingerprint,
    }  # fmt: skip


def _json(result: Verification) -> str:
    return dumped(document(result))


def _junit(result: Verification) -> str:
    """One suite for each container, one case for each check; what cannot be told is an error, what does not apply is skipped."""
    lines = ['<?xml version="1.0" encoding="utf-8"?>', "<testsuites>"]
    for one in result.examined:
        counts = {outcome: sum(1 for check in one.checks if check.outcome == outcome) for outcome, _ in _OUTCOMES}
        name = _xml(one.container.name)
        lines.append(
            f'<testsuite name="{name}" tests="{len(one.checks)}" failures="{counts["fail"]}" errors="{counts["cannot-tell"]}" '
            f'skipped="{counts["not-applicable"]}" time="{one.seconds:.3f}">'
        )
        for check in one.checks:
            lines += _case(name, check)
        lines.append("</testsuite>")
    if not result.examined:
        lines.append('<testsuite name="stigmer-lint verify" tests="0"/>')
    lines.append("</testsuites>")
    return "\n".join(lines) + "\n"


def _case(suite: str, check: Check) -> Iterator[str]:
    label = _xml(f"{check.kind} {', '.join(check.names) or check.subject}{' at ' + check.subject if check.names and check.subject not in check.names else ''}")
    head = f'  <testcase classname="{suite}" name="{label}" time="{check.seconds or 0:.3f}"'
    if check.outcome == "pass":
        yield head + "/>"
        return
    yield head + ">"
    if check.outcome == "fail" and check.cause is not None:
        body = [f"tried: {check.tried}", f"saw: {check.error or '-'}", f"fix: {check.cause.fix}", *(f"note: {note}" for note in check.notes)]
        yield f'    <failure type="{check.cause.rule} {check.cause.key}" message="{_xml(mask("", check.cause.text))}">{chr(10).join(_xml(mask("", line)) for line in body)}</failure>'
    elif check.outcome == "not-applicable":
        yield f'    <skipped message="{_xml(check.detail)}"/>'
    else:
        yield f'    <error message="{_xml(mask("", check.detail or check.error or "could not be told"))}"/>'
    yield "  </testcase>"


def _xml(text: str) -> str:
    safe = plain(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;").replace("'", "&apos;")
    return safe.replace("\ufffe", "\\ufffe").replace("\uffff", "\\uffff")


__all__ = ["Format", "document", "present", "summary"]
