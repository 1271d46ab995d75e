"""From the files of a run to the World that the rules see."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TypeAlias

import msgspec

from stigmer_lint.addresses import addresses_of
from stigmer_lint.dialects.base import Dialect
from stigmer_lint.engine.discover import Files
from stigmer_lint.engine.guarded import guarded
from stigmer_lint.engine.outside import Outside, Outsider
from stigmer_lint.engine.parallel import FoundInFile, search_all
from stigmer_lint.errors import UnreadableError
from stigmer_lint.flow import resolvers
from stigmer_lint.flow.evaluate import Evaluator
from stigmer_lint.flow.ir import FunctionDecl, Unit
from stigmer_lint.flow.launches import LaunchFinder
from stigmer_lint.flow.project import SUFFIXES, Project, language_of
from stigmer_lint.flow.walk import forget
from stigmer_lint.frontends.file_kinds import embeds_scripts, is_makefile, looks_like_shell
from stigmer_lint.knowledge.names import is_test
from stigmer_lint.model.launch import PLATFORMS, Image, ImageBuild, Launch, Platform
from stigmer_lint.model.span import Span
from stigmer_lint.model.value import Known, Template, render
from stigmer_lint.model.world import AliasUse, Bind, Gap, HostService, Misnamed, NetworkChoice, Resolver, World
from stigmer_lint.policy.types import Policy

_ALIAS = re.compile(rb"|".join(re.escape(alias) for alias in resolvers.ALIASES))
_LOOPBACK = re.compile(rb"localhost|127\.0\.0\.1|oopback")


class Analysis(msgspec.Struct):
    """A world with what the run must report beside the findings."""

    world: World
    project: Project
    files: int
    failures: list[tuple[str, str, int | None]]


def analyse(
    files: Files,
    policy: Policy,
    platforms: tuple[Platform, ...],
    stage: Callable[[str], None] = lambda _: None,
    jobs: int = 1,
    outside: Outsider | None = None,
    conduct: bool = False,
) -> Analysis:
    """Read what the rules need of a tree. One file that fails costs itself only. `jobs`: processes for the code; 0: one per core. `outside`: what
    finds launches that no reader here does. `conduct`: whether a rule asks what the code around launches does."""
    from stigmer_lint.engine.documents import told_aliases
    from stigmer_lint.engine.joins import components
    from stigmer_lint.frontends.config import is_config, read_config

    forget()
    project = Project(files, lambda needle, suffixes: (path for path, _ in files.grep(re.compile(re.escape(needle)), suffixes)))
    evaluators = _evaluators(project, platforms, policy)
    launches: list[Launch] = []
    gaps: list[Gap] = []
    failures: list[Failed] = []
    looked: set[str] = set()
    stage("code")
    finders: dict[str, tuple[LaunchFinder, re.Pattern[bytes]]] = {}
    tasks: list[tuple[str, str]] = []
    for language, dialects, pattern, gate in _searches(files):
        finders[language] = LaunchFinder(evaluators, dialects, conduct), pattern
        tasks.extend((language, path) for path in _candidates(files, language, pattern, gate))

    def by_calls(language: str, path: str) -> FoundInFile:
        finder, wanted = finders[language]
        return _found(project, path, lambda: finder.in_file(path, wanted))

    def take(several: Sequence[FoundInFile]) -> None:
        for one in several:
            launches.extend(_with_env_files(files, launch) for launch in one.launches)
            gaps.extend(one.gaps)
            failures.extend(one.failures)
            failures.extend(one.unreadable)

    take(search_all(sorted(tasks), by_calls, jobs))
    literals = _literals(files)
    if literals:
        take(search_all([("", path) for path in literals], _by_literals(files, project, evaluators, literals, launches), jobs))
    written = _written_services(files)
    if written:
        take(search_all([("", path) for path in written], _by_services(project, evaluators, launches), jobs))
    looked.update(path for _, path in tasks)
    looked.update(literals)
    looked.update(written)
    launches = [launch for launch in _with_executed(launches) if _is_started(files, launch)]
    if launches:
        from stigmer_lint.frontends.samples import Samples

        samples = Samples(files)
        launches = [samples.filled(launch) for launch in launches]
    elsewhere = Outside()
    if outside is not None:
        stage("semgrep")
        elsewhere = outside(files, policy, platforms)
        # A language may be read here and have idioms of the policy as well.
        known = {(one.span.path, one.span.start) for one in launches}
        launches.extend(one for one in elsewhere.launches if (one.span.path, one.span.start) not in known)
        gaps.extend(elsewhere.gaps)
        failures.extend((one.path, one.why, one.offset) for one in elsewhere.failures)
    stage("configuration")
    candidates = list(files.paths(is_config))
    config = read_config(files, candidates)
    launches.extend(on for launch in (*config.launches, *_written_compose(files, failures)) if (on := _on_platforms(launch, platforms)) is not None)
    gaps.extend(config.gaps)
    failures.extend((path, why, at) for path, why, at in config.unreadable)
    stage("contracts")
    found_resolvers = tuple(_resolvers(files, project, evaluators, failures))
    world = World(
        platforms,
        tuple(sorted(launches, key=lambda one: (one.span.path, one.span.start))),
        resolvers=found_resolvers,
        mapped_aliases=_mapped_aliases(files) if found_resolvers else frozenset(),
        builds=tuple(config.builds),
        images=dict(config.images),
        host_services=tuple(config.host_services),
        cluster_services=config.cluster_services,
        gaps=tuple(sorted(set(gaps), key=lambda gap: (gap.span.path, gap.span.start))),
    )
    components(world, files, project, evaluators, policy)
    world.binds = tuple(_binds(files, world, evaluators, failures))
    world.alias_uses = tuple(_alias_uses(files, world, evaluators, failures))
    world.misnamed = tuple(_misnamed(files, config.projects))
    world.told_aliases = tuple(told_aliases(files, world))
    if world.alias_uses and not found_resolvers:
        world.mapped_aliases = _mapped_aliases(files)
    world.network_choices = tuple(_network_choices(files, world, evaluators, failures))
    failures.extend((error.path, error.why, error.offset) for error in project.unreadable)
    failures, templates = _apart(list(dict.fromkeys(failures)))
    if templates:
        world.gaps = tuple(sorted({*world.gaps, *templates}, key=lambda gap: (gap.span.path, gap.span.start)))
    return Analysis(world, project, len(looked) + len(candidates) + elsewhere.files, failures)


def _on_platforms(launch: Launch, platforms: tuple[Platform, ...]) -> Launch | None:
    """The launch on the platforms that count; a file of configuration knows only those that it is for. None where that leaves nothing, except
    for a job, which runs where its runner is, whatever the project's users have."""
    wanted = {platform: facts for platform, facts in launch.facts.items() if platform in platforms}
    if len(wanted) == len(launch.facts):
        return launch
    if not wanted:
        return launch if launch.kind in ("actions", "gitlab ci") else None
    return msgspec.structs.replace(launch, facts=wanted)


def _with_executed(launches: list[Launch]) -> list[Launch]:
    """The launches without those that only start a program in a container that runs: what they give goes to the launch of the container, by its name."""
    executed = [launch for launch in launches if launch.kind.endswith(" exec")]
    if not executed:
        return launches
    by_name: dict[str, list[Launch]] = {}
    for one in executed:
        if isinstance(one.any.name, Known | Template):
            by_name.setdefault(render(one.any.name), []).append(one)
    found: list[Launch] = []
    for launch in launches:
        if launch.kind.endswith(" exec"):
            continue
        name = launch.any.name if launch.facts else None
        inside = by_name.get(render(name), []) if name is not None else []
        if inside:
            launch = msgspec.structs.replace(launch, facts={
                platform: msgspec.structs.replace(
                    facts, exec_env=tuple(setting for one in inside if platform in one.facts for setting in one.facts[platform].env),
                ) for platform, facts in launch.facts.items()
            })
        found.append(launch)
    return found


def _is_started(files: Files, launch: Launch) -> bool:
    """Whether a container that a script creates is started there: one that it only copies something out of runs nothing."""
    if not launch.kind.endswith(" create") or launch.language != "shell":
        return True
    source = files.source(launch.span.path)
    return source is None or _STARTS.search(source.data) is not None


_STARTS = re.compile(rb"\bstart\b")


def _with_env_files(files: Files, launch: Launch) -> Launch:
    """The launch with the variables of its env files, where it has any."""
    if not any(facts.env_files for facts in launch.facts.values()):
        return launch
    from stigmer_lint.frontends.env_files import with_env_files

    return with_env_files(files, launch)


def _evaluators(project: Project, platforms: tuple[Platform, ...], policy: Policy) -> dict[Platform, Evaluator]:
    first = Evaluator(project, platforms[0], policy.resolvers)
    return {platform: first.sibling(platform) for platform in platforms}


def _searches(files: Files) -> Iterator[tuple[str, tuple[Dialect, ...], re.Pattern[bytes], re.Pattern[bytes] | None]]:
    """Per language: its library dialects, the pattern of callees that may launch, and what else the file must hold for those."""
    from stigmer_lint.dialects.process import needles
    from stigmer_lint.dialects.registry import dialects_of

    for language, suffixes in SUFFIXES.items():
        if language != "shell" and next(files.paths(suffixes), None) is None:
            continue
        dialects = dialects_of(language)
        words = {*needles.get(language, ()), *(needle for one in dialects for needle in one.needles)}
        if not words:
            continue
        # Each word comes before what must not stand before it: a search for what begins with known letters is many times faster.
        texts = (re.escape(word.encode()) for word in sorted(words, key=len, reverse=True))
        pattern = re.compile(rb"(?:" + b"|".join(text + rb"(?<![\w$]" + text + rb")" for text in texts) + rb")(?![\w$])")
        yield language, dialects, pattern, _NEAR


_NEAR = re.compile(rb"docker|podman|nerdctl|container", re.IGNORECASE)
"""A file that launches says one of these somewhere; a wrapper that is handed the program's name is found through its callers."""


def _candidates(files: Files, language: str, pattern: re.Pattern[bytes], gate: re.Pattern[bytes] | None) -> list[str]:
    paths: list[str] = []
    for path, data in files.grep(pattern, SUFFIXES[language]):
        if gate is not None and gate.search(data) is None:
            continue
        if is_test(path) and language == "go":
            continue
        paths.append(path)
    if language == "shell":
        paths.extend(_other_scripts(files, pattern))
    return paths


def _other_scripts(files: Files, pattern: re.Pattern[bytes]) -> Iterator[str]:
    """Shell code in other files: scripts that only their first line makes one, Makefiles, steps of workflows, scripts of package.json."""
    def bare(path: str) -> bool:
        name = path.rsplit("/", 1)[-1]
        return ("." not in name.lstrip(".") and name not in ("Dockerfile", "LICENSE")) or is_makefile(path) or embeds_scripts(path)

    for path, data in files.grep(pattern, bare):
        if is_makefile(path) or embeds_scripts(path) or (data.startswith(b"#!") and looks_like_shell(data)):
            yield path


def _resolvers(files: Files, project: Project, evaluators: dict[Platform, Evaluator], failures: list[Failed]) -> Iterator[Resolver]:
    """Functions that rewrite loopback to a host alias: looked for in every file that speaks of both."""
    first = next(iter(evaluators.values()))
    all_platforms: dict[Platform, Evaluator] = {platform: first.sibling(platform) for platform in PLATFORMS}
    wanted = tuple(suffix for suffixes in SUFFIXES.values() for suffix in suffixes)
    for path, data in files.grep(_ALIAS, wanted):
        if is_test(path) or _LOOPBACK.search(data) is None:
            continue
        if b"sed " in data and path.endswith(SUFFIXES["shell"]):
            from stigmer_lint.flow.sed_resolvers import sed_resolvers

            yield from sed_resolvers(path, data)
        unit = project.unit(path)
        if unit is None:
            continue
        seen: set[int] = set()
        named: set[int] = set()
        for hit in _LOOPBACK.finditer(data):
            decl = project.enclosing(unit, hit.start())
            if decl is None or id(decl) in seen or (not decl.params and unit.language != "shell"):
                continue
            seen.add(id(decl))
            found = guarded(partial(resolvers.judge, all_platforms, decl), partial(_failed, failures, path))
            if found is not None:
                where = _ALIAS.search(data, decl.span[0], decl.span[1])
                yield msgspec.structs.replace(found, alias_span=Span(path, where.start(), where.end()) if where else None)
                named.add(id(decl))
        yield from _inline_resolvers(project, unit, data, all_platforms, named, failures)


def _inline_resolvers(
    project: Project, unit: Unit, data: bytes, evaluators: dict[Platform, Evaluator], named: set[int], failures: list[Failed]
) -> Iterator[Resolver]:
    """Replacements of loopback that stand in the middle of other code. `named`: the functions that are resolvers as a whole."""
    from stigmer_lint.flow.rewrites import REPLACING, rewrites

    found: list[tuple[FunctionDecl, Resolver]] = []
    for decl in project.holding(unit, REPLACING.finditer(data)):
        if id(decl) not in named:
            found.extend((decl, one) for one in guarded(partial(rewrites, evaluators, decl), partial(_failed, failures, unit.path)) or ())
    # Beside one that keeps the port, one that changes it is meant to: it is for the program's own server. One that only exchanges a word says nothing of ports elsewhere.
    keeps = any(not one.port_lost and not one.plain for _, one in found)
    keeping = {id(decl) for decl, one in found if not one.port_lost}
    yield from (one for decl, one in found if not (one.port_lost and (keeps or id(decl) in keeping)))


Failed: TypeAlias = tuple[str, str, int | None]
"""A file that could not be read or followed: path, why, byte offset."""

_CODE = tuple(suffix for language in ("go", "python", "javascript") for suffix in SUFFIXES[language])


def _failed(failures: list[Failed], path: str, why: str) -> None:
    failures.append((path, why, None))


def _found(project: Project, path: str, look: Callable[[], tuple[Sequence[Launch], Sequence[Gap]]]) -> FoundInFile:
    """What looking through a file gave, with what went wrong meanwhile; it may be looked through in a process of its own."""
    before = len(project.unreadable)
    wrong: list[Failed] = []
    launches, gaps = guarded(look, partial(_failed, wrong, path)) or ((), ())
    seen = tuple((error.path, error.why, error.offset) for error in project.unreadable[before:])
    return FoundInFile(tuple(launches), tuple(gaps), tuple(wrong), seen)


def _literals(files: Files) -> list[str]:
    """The files that hold what literals of launches are written with."""
    from stigmer_lint.flow.anchors import NEAR, WORDS

    return [path for path, data in files.grep(WORDS, _CODE, NEAR) if not is_test(path) and _NEAR.search(data) is not None]


def _written_services(files: Files) -> list[str]:
    """The files that hold what literals of Compose services are written with."""
    from stigmer_lint.flow.services import NEAR, WORDS

    return [path for path, data in files.grep(WORDS, _CODE, NEAR) if not is_test(path) and _SERVICE.search(data) is not None]


_SERVICE = re.compile(rb"docker|podman|compose", re.IGNORECASE)


def _written_compose(files: Files, failures: list[Failed]) -> Iterator[Launch]:
    """The services of Compose files that programs write, each text in its place."""
    from stigmer_lint.frontends.written_compose import NEAR, WORDS, is_written, read_written

    for path, data in files.grep(WORDS, is_written, NEAR):
        if not is_test(path) and (_SERVICE.search(data) is not None or _SERVICE.search(path.encode("utf-8", "replace")) is not None):
            yield from guarded(partial(_all, read_written, files, path), partial(_failed, failures, path)) or ()


def _all(read: Callable[[Files, Sequence[str]], Iterator[Launch]], files: Files, path: str) -> list[Launch]:
    return list(read(files, (path,)))


def _by_services(project: Project, evaluators: dict[Platform, Evaluator], launches: Sequence[Launch]) -> Callable[[str, str], FoundInFile]:
    """A search for the Compose services that are written as literals of which none of `launches` is made."""
    from stigmer_lint.flow.services import ServiceFinder

    known = tuple(launches)

    def search(_: str, path: str) -> FoundInFile:
        return _found(project, path, lambda: ServiceFinder(evaluators, ()).services(path, known))

    return search


def _by_literals(
    files: Files, project: Project, evaluators: dict[Platform, Evaluator], paths: Sequence[str], launches: Sequence[Launch]
) -> Callable[[str, str], FoundInFile]:
    """A search for the launches that are written as literals of which none of `launches` is made."""
    from stigmer_lint.flow.anchors import AnchorFinder, spans

    here: dict[str, list[Launch]] = {path: [] for path in paths}
    for launch in launches:
        for path in {span.path for span in spans(launch) if span is not None} & here.keys():
            here[path].append(launch)

    def search(_: str, path: str) -> FoundInFile:
        finder = AnchorFinder(evaluators, lambda: frozenset(one for one, _ in files.grep(_MAPS, _CODE, _MAPS_NEAR) if not is_test(one)))
        return _found(project, path, lambda: finder.besides(path, here[path]))

    return search


def _binds(files: Files, world: World, evaluators: dict[Platform, Evaluator], failures: list[Failed]) -> Iterator[Bind]:
    """The servers of code that runs on the host, where containers are told to dial it, or the address of a bridge is written down."""
    from stigmer_lint.flow.binds import NEAR as SERVING_NEAR
    from stigmer_lint.flow.binds import SERVING, binds

    if not world.launches or not (any(_dials_host(launch) for launch in world.launches) or _writes_gateway(files)):
        return
    inside = tuple(source for component in world.components if component.whole for source in component.sources if source)
    for path, _ in files.grep(SERVING, _CODE, SERVING_NEAR):
        if not is_test(path) and not any(path == one or path.startswith(one + "/") for one in inside):
            yield from guarded(partial(binds, evaluators, path), partial(_failed, failures, path)) or ()


def _apart(failures: list[Failed]) -> tuple[list[Failed], list[Gap]]:
    """Files that could not be read, apart from those of a project's template (`{{cookiecutter.project_slug}}/`), which are none before it is filled in."""
    templates = [Gap(Span(path, at or 0, at or 0), "a file of a project's template, which is none of its kind before it is filled in") for path, why, at in failures if "{{" in path and why.startswith("not ")]
    return [one for one in failures if not ("{{" in one[0] and one[1].startswith("not "))], templates


def _alias_uses(files: Files, world: World, evaluators: dict[Platform, Evaluator], failures: list[Failed]) -> Iterator[AliasUse]:
    """The host aliases that code on the host writes, where code launches something without host entries, and those with which code in a container dials
    the host itself."""
    from stigmer_lint.flow.aliases import ALIAS, alias_uses, aliases_inside

    launching = any(launch.language in _LAUNCHING and not facts.hosts for launch in world.launches for facts in launch.facts.values())
    whole = [component for component in world.components if component.whole]
    if not launching and not whole:
        return
    inside = tuple(source for component in whole for source in component.sources if source)
    for path, _ in files.grep(ALIAS, _CODE):
        if is_test(path):
            continue
        if launching and not any(path == one or path.startswith(one + "/") for one in inside):
            yield from guarded(partial(alias_uses, evaluators, path), partial(_failed, failures, path)) or ()
        if any(component.holds(path) for component in whole):
            yield from guarded(partial(aliases_inside, evaluators, path), partial(_failed, failures, path)) or ()


def _misnamed(files: Files, projects: Sequence[tuple[str, tuple[str, ...]]]) -> Iterator[Misnamed]:
    """References of Compose projects that their env files answer under another name, and nothing else of the tree under theirs."""
    if not projects:
        return
    from stigmer_lint.frontends.compose_references import misnamed

    seen: set[Span] = set()
    own = {path for _, paths in projects for path in paths}
    for one in misnamed(files, projects):
        if one.span in seen:
            continue
        seen.add(one.span)
        word = re.compile(rb"\b" + one.name.encode() + rb"\b")
        if not any(path not in own and path != one.meant_span.path and _along(path, one.meant_span.path) for path, _ in files.grep(word)):
            yield one


def _along(path: str, other: str) -> bool:
    """Whether one of two files is in the folder of the other, or below it."""
    left, right = (f"{one.rpartition('/')[0]}/".lstrip("/") for one in (path, other))
    return left.startswith(right) or right.startswith(left)


_LAUNCHING = frozenset({"go", "python", "javascript", "typescript"})


def _network_choices(files: Files, world: World, evaluators: dict[Platform, Evaluator], failures: list[Failed]) -> Iterator[NetworkChoice]:
    """Conditions about the host's network, in code that speaks of engines and of loopback."""
    from stigmer_lint.flow.network_choices import CHOOSES, network_choices

    if not any(launch.language not in ("compose", "yaml") for launch in world.launches):
        return
    for path, data in files.grep(CHOOSES, (*_CODE, *SUFFIXES["shell"])):
        if not is_test(path) and _LOOPBACK.search(data) is not None and _NEAR.search(data) is not None:
            yield from guarded(partial(network_choices, evaluators, path), partial(_failed, failures, path)) or ()


def _dials_host(launch: Launch) -> bool:
    """Whether a launch in code has a value with a host alias, or with an address of the bridge."""
    if not launch.language or launch.language in ("compose", "yaml"):
        return False
    return any(
        located.address.kind in ("host-alias", "gateway-ip") for facts in launch.facts.values() for setting in facts.env for located in addresses_of(setting.value)
    )


_GATEWAY = re.compile(rb"[\"']172\.1[78]\.0\.1[\"']")


def _writes_gateway(files: Files) -> bool:
    return any(not is_test(path) for path, _ in files.grep(_GATEWAY, _CODE))


_MAPS = re.compile(rb"(?i)add[-_]?host|extra_?hosts|host-gateway")
_MAPS_NEAR = (
    b"add-host", b"add_host", b"addhost", b"addHost", b"AddHost", b"add_Host", b"ADD-HOST", b"ADD_HOST", b"ADDHOST",
    b"extra_hosts", b"xtrahosts", b"xtraHosts", b"EXTRA_HOSTS", b"EXTRAHOSTS", b"host-gateway", b"HOST-GATEWAY",
)  # fmt: skip


_TEMPLATES = (".tmpl", ".tpl", ".gotmpl", ".template", ".j2", ".jinja", ".jinja2", ".hbs", ".mustache", ".ejs", ".erb")
"""Endings of files of which a program makes others, a Compose file for example."""


def _mapped_aliases(files: Files) -> frozenset[str]:
    wanted = (*(suffix for suffixes in SUFFIXES.values() for suffix in suffixes), *_TEMPLATES)
    found: set[str] = set()
    for path, data in files.grep(_ALIAS, wanted):
        if not is_test(path) and _MAPS.search(data) is not None:
            found.update(hit.group().decode("ascii", "replace").lower() for hit in _ALIAS.finditer(data))
    return frozenset(found)


def unreadable(failures: Sequence[tuple[str, str, int | None]]) -> tuple[tuple[str, str, int], ...]:
    """Failures as the rule for unreadable files takes them."""
    return tuple((path, why, at or 0) for path, why, at in failures)


__all__ = ["Analysis", "HostService", "Image", "ImageBuild", "UnreadableError", "analyse", "language_of", "unreadable"]
