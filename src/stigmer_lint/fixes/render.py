"""Which code renders which remedy, and how sure the outcome is. A report is made with fixes told, so what renders one kind is imported when it is met."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias, assert_never

import msgspec

from stigmer_lint.errors import UnreadableError
from stigmer_lint.fixes import hosts
from stigmer_lint.fixes.types import Answer, CannotFix, Written
from stigmer_lint.knowledge.secrets import mask
from stigmer_lint.model.launch import Launch
from stigmer_lint.model.span import SourceFile, Span
from stigmer_lint.model.value import text_of
from stigmer_lint.model.world import World
from stigmer_lint.report.types import Fix, Report
from stigmer_lint.rule import (
    AddHostGateway,
    AlsoSet,
    ExtendResolver,
    Finding,
    GiveEndpoint,
    PassOn,
    Rename,
    ReplaceHost,
    SwapPorts,
    Unset,
    WrapInResolver,
)

Source: TypeAlias = Callable[[str], SourceFile | None]
"""The file at a path of the tree, None where there is none."""


MAX_FIXES = 3000
"""Findings of a run that get a fix. Nobody reads more; a run that fixes goes round again for the rest."""


def attach(world: World, report: Report, source: Source) -> None:
    """Give every finding of the report its fix, or the reason why its remedy is not carried out. `source` gives the files of the run."""
    renderer = Renderer(world, source)
    done = []
    rendered = 0
    for one in report.findings:
        rendered += one.finding.remedy is not None
        if rendered > MAX_FIXES and one.finding.remedy is not None:
            one = msgspec.structs.replace(one, unfixed=f"fixes are worked out for {MAX_FIXES:,} findings of a run")
        elif one.finding.remedy is not None:
            answer = renderer.fix_of(one.finding)
            one = msgspec.structs.replace(one, fix=answer) if isinstance(answer, Fix) else msgspec.structs.replace(one, unfixed=answer.why)
            for edit in answer.edits if isinstance(answer, Fix) else ():
                there = source(edit.span.path)
                if there is not None:
                    report.sources.setdefault(edit.span.path, there)
        done.append(one)
    report.findings = tuple(done)


class Renderer:
    """Renders the remedies of one run."""

    def __init__(self, world: World, source: Source) -> None:
        self._world = world
        self._source = source
        self._owners: dict[Span, int] | None = None
        self._gateways: dict[tuple[int, str], tuple[Launch, Answer]] = {}

    def fix_of(self, finding: Finding) -> Fix | CannotFix:
        """The fix of one finding with a remedy. It is safe where its rule says so and nothing but this launch is changed by it."""
        try:
            answer = self._rendered(finding)
        except UnreadableError as error:
            return CannotFix(error.why)
        if isinstance(answer, CannotFix):
            return answer
        safe = finding.safety == "safe" and answer.sure and self._own(finding)
        return Fix(answer.description, "safe" if safe else "unsafe", answer.edits)

    def _own(self, finding: Finding) -> bool:
        """Whether what is written there belongs to this launch alone: no env file, no anchor that others share."""
        if finding.launch is None or isinstance(finding.remedy, AddHostGateway):
            return True
        if self._owners is None:
            self._owners = _owners(self._world)
        return finding.span.path == finding.launch.span.path and self._owners.get(finding.span, 1) <= 1

    def _rendered(self, finding: Finding) -> Answer:
        remedy, launch = finding.remedy, finding.launch
        source = self._source(finding.span.path)
        if source is None:
            return CannotFix("its file is not part of the tree")
        match remedy:
            case None:
                return CannotFix("the rule knows none")
            case ReplaceHost():
                return self._replace(finding, source, remedy)
            case Rename():
                return hosts.rename(remedy, source, finding.span)
            case AddHostGateway():
                return self._add_gateway(launch, remedy.host) if launch is not None else CannotFix("the launch is not known")
            case AlsoSet() | Unset():
                name = remedy.like if isinstance(remedy, AlsoSet) else remedy.name
                setting = remedy.setting if isinstance(remedy, Unset) else None
                if setting is None and launch is not None:
                    setting = next((one for one in launch.any.env if one.name == name), None)
                there = self._source(setting.name_span.path) if setting is not None and setting.name_span is not None else None
                if setting is None or there is None:
                    return CannotFix(f"where {name} is set is not known")
                from stigmer_lint.fixes import also

                return also.also_set(there, setting, remedy.name) if isinstance(remedy, AlsoSet) else also.unset(there, setting)
            case PassOn():
                return self._pass_on(launch, remedy) if launch is not None else CannotFix("the launch is not known")
            case SwapPorts():
                from stigmer_lint.fixes import compose

                return compose.swap_ports(source, finding.span)
            case WrapInResolver():
                from stigmer_lint.fixes import wrap

                homes = tuple(one.span for one in self._world.resolvers if one.name == remedy.name and not one.by_policy and not one.inline)
                answer = wrap.wrap(source, finding.span, finding.env, remedy.name, homes, self._source, _name_of(finding))
                return self._replace(finding, source, remedy.otherwise) if isinstance(answer, CannotFix) and remedy.otherwise is not None else answer
            case ExtendResolver():
                from stigmer_lint.fixes import extend

                there = self._source(remedy.function.path)
                return extend.extend(there, remedy.function, remedy.missing, remedy.inline) if there is not None else CannotFix("its file is not part of the tree")
            case GiveEndpoint():
                from stigmer_lint.fixes import endpoint

                return endpoint.give(source, finding.span, remedy)
            case _:
                assert_never(remedy)

    def _replace(self, finding: Finding, source: SourceFile, remedy: ReplaceHost) -> Answer:
        if remedy.of == "":
            return CannotFix("which host is meant was not told")
        answer = hosts.replace_host(remedy, source, finding.span, self._source(remedy.port_at.path) if remedy.port_at is not None else None)
        if isinstance(answer, CannotFix) and finding.value == remedy.of and remedy.port is None:
            # The value is a constant from elsewhere, which others use: what is meant here is written here.
            answer = hosts.written_out(source, finding.span, _name_of(finding), remedy) or answer
        if not remedy.gateway or isinstance(answer, CannotFix) or finding.launch is None:
            return answer
        gateway = self._add_gateway(finding.launch, remedy.host)
        if isinstance(gateway, CannotFix):
            return gateway
        return Written((*answer.edits, *gateway.edits), f"{answer.description}, and {gateway.description}", answer.sure and gateway.sure)

    def _add_gateway(self, launch: Launch, host: str) -> Answer:
        """The host entry of a launch, worked out once: every variable of it that needs the name asks for the same."""
        known = self._gateways.get((id(launch), host))
        if known is None:
            known = self._gateways[id(launch), host] = launch, self._gateway(launch, host)
        return known[1]

    def _gateway(self, launch: Launch, host: str) -> Answer:
        source = self._source(launch.span.path)
        if source is None:
            return CannotFix("the launch's file is not part of the tree")
        if launch.kind == "compose":
            from stigmer_lint.fixes import compose

            return compose.add_gateway(source, launch.span, host)
        if launch.kind == "devcontainer":
            from stigmer_lint.fixes import devcontainer

            return devcontainer.add_run_argument(source, f"--add-host={host}:host-gateway")
        if _is_command_line(launch):
            there = self._source(launch.written.path) if launch.written is not None else None
            if launch.written is None or there is None:
                return CannotFix("where the command line is written is not known")
            from stigmer_lint.fixes import command_line

            return command_line.add_words(there, launch.written, f"--add-host={host}:host-gateway")
        if launch.kind in ("docker sdk", "dockerode", "testcontainers"):
            from stigmer_lint.fixes import library

            return library.add_gateway(source, launch.span, host, testing=launch.kind == "testcontainers")
        if launch.kind == "compose service":
            from stigmer_lint.fixes import library

            return library.add_to_service(source, launch.span, host)
        if launch.engine == "kubernetes":
            return CannotFix("Kubernetes has no host-gateway: hostAliases take numbers only, and which one the node has is not known before it runs")
        return CannotFix(f"how to add a host to this {launch.kind} launch is not known")

    def _pass_on(self, launch: Launch, remedy: PassOn) -> Answer:
        value = text_of(remedy.like.value) if remedy.like is not None and not remedy.like.passed else None
        if value is not None and (not _PLAIN.match(value) or (remedy.like is not None and mask(remedy.like.name, value) != value)):
            # What could be a secret, or would need quotes, is rather handed on than written down once more.
            value = None
        entries = tuple((name, value) for name in remedy.names)
        source = self._source(launch.span.path)
        if launch.kind == "compose" and source is not None:
            from stigmer_lint.fixes import compose

            return compose.pass_on(source, launch.span, entries)
        there = self._source(launch.written.path) if launch.written is not None else None
        if not _is_command_line(launch) or launch.written is None or there is None:
            return CannotFix(f"how to set a variable for this {launch.kind} launch is not known")
        from stigmer_lint.fixes import command_line

        return command_line.add_words(there, launch.written, *(word for name, text in entries for word in ("-e", name if text is None else f"{name}={text}")))


_PLAIN = re.compile(r"[\w./:@%+,=-]+\Z", re.ASCII)
"""Texts that mean the same with and without quotes, in a shell as in YAML between quotes."""


def _name_of(finding: Finding) -> Span | None:
    """Where the launch writes the name of the finding's variable."""
    return next((one.name_span for one in finding.launch.any.env if one.name == finding.env), None) if finding.launch is not None else None


def _is_command_line(launch: Launch) -> bool:
    words = launch.kind.split()
    return len(words) == 2 and words[0] in ("docker", "podman", "nerdctl") and words[1] in ("run", "create")


def _owners(world: World) -> dict[Span, int]:
    """How many launches take a value that is written once (an anchor, an env file)."""
    found: dict[Span, set[Span]] = {}
    for launch in world.launches:
        for facts in launch.facts.values():
            for setting in facts.env:
                found.setdefault(setting.span, set()).add(launch.span)
    return {span: len(launches) for span, launches in found.items()}
