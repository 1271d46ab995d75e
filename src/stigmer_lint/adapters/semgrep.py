"""Launches in languages that have no reader here, found by Semgrep with rules of ours and of the policy, and by no others.

The files are copied into a folder of our own under names of our own, so that nothing of the tree (its rules, ignore files, settings) has a say,
and Semgrep is told to ask nobody for anything: no metrics, no version check, no registry, no settings of the user's.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from stigmer_lint.adapters.semgrep_text import Texts
from stigmer_lint.addresses import classify_address
from stigmer_lint.dialects.base import Command, Recognised, Unread
from stigmer_lint.dialects.docker_cli import recognise_argv
from stigmer_lint.dialects.library import Draft
from stigmer_lint.dialects.process import settle
from stigmer_lint.dialects.values import words
from stigmer_lint.engine.discover import Files
from stigmer_lint.engine.outside import Outside
from stigmer_lint.errors import PolicyError, UsageError
from stigmer_lint.knowledge.tables import rows
from stigmer_lint.model.launch import HostEntry, Launch, Platform
from stigmer_lint.model.span import Span
from stigmer_lint.model.value import Item, Known, ListValue, Unknown, Value, join
from stigmer_lint.model.world import Gap
from stigmer_lint.policy.types import Policy
from stigmer_lint.report.escape import plain
from stigmer_lint.report.types import Failure

PROGRAM: Final = "STIGMER_LINT_SEMGREP"
"""Names Semgrep's program, where it is not beside this one or on the path."""
ENDINGS: Final = {
    "java": (".java",), "kotlin": (".kt", ".kts"), "csharp": (".cs",), "ruby": (".rb", ".rake"), "rust": (".rs",), "php": (".php",), "scala": (".scala", ".sc"),
    "swift": (".swift",), "go": (".go",), "python": (".py",), "javascript": (".js", ".mjs", ".cjs"), "typescript": (".ts", ".tsx"),
}  # fmt: skip
"""Language as Semgrep calls it -> endings. Those with readers here are for idioms of the policy."""
_ASSIGNED: Final = {
    "java": ("$NAME = $GIVEN",), "kotlin": ("val $NAME = $GIVEN", "var $NAME = $GIVEN"), "csharp": ("var $NAME = $GIVEN;", "$T $NAME = $GIVEN;", "$NAME = $GIVEN"),
    "ruby": ("$NAME = $GIVEN",), "rust": ("let $NAME = $GIVEN;", "const $NAME: $T = $GIVEN;", "static $NAME: $T = $GIVEN;"), "php": ("$NAME = $GIVEN",),
}  # fmt: skip
PARTS: Final = ("PROGRAM", "ARGUMENT", "ARGUMENTS", "REST", "SCRIPT", "LINE", "DOCKER", "IMAGE", "TAG", "VALUE", "SETTINGS", "NETWORK", "NAME", "HOST")
_GIVEN: Final = "GIVEN"
_NEAR: Final = re.compile(rb"docker|podman|nerdctl|container|GenericImage", re.IGNORECASE)
_SECONDS: Final = 600
_RUNS: Final = re.compile(r"\b(?:docker|podman|nerdctl)\s(?:[^\n]*\s)?(?:run|create)\s")
_SETS: Final = re.compile(r"\.\s*\w*[eE]nv\w*\s*\(")
_MAPS: Final = re.compile(r"(?i)extra_?hosts?\b|host_?config|\.\s*with_host\b|modifier")
"""What may map a name without an idiom that says which."""
_CONFIGURED: Final = re.compile(r"\s*\.\s*(?:apply|also|let|run|tap|\w*[eE]nv\w*|\w*[mM]odifier|[wW]ith\w*)\b")
_SYSTEM: Final = re.compile(
    r"os\.name|RuntimeInformation|OperatingSystem\.Is|OSPlatform|RbConfig|host_os|RUBY_PLATFORM|target_os|consts::OS|PHP_OS|SystemUtils\.IS_OS|Platform\.is"
)
"""How code of these languages asks for the operating system."""
_RECEIVER: Final = re.compile(r"(\$?[A-Za-z_]\w*)\s*(?:\?\.|!!\.|\.|->)")
_FIELD: Final = re.compile(r"\w+\s*=(?!=)")
_TARGET: Final = re.compile(r"(\$?[A-Za-z_]\w*)(?:\s*:\s*[^=\n;{}]{1,200})?\s*=\s*(?:await\s+)?\Z")


class Idiom(msgspec.Struct, frozen=True):
    """One pattern of a language. `by_policy`: the user's own."""

    language: str
    kind: str
    pattern: str
    by_policy: bool = False

    @property
    def parts(self) -> tuple[str, ...]:
        """What it binds."""
        return tuple(part for part in PARTS if re.search(rf"\${part}\b", self.pattern))


class _Hit(msgspec.Struct, frozen=True, order=True):
    """One match: where, of what (a part; "" for the whole, _GIVEN for what is assigned to a name), with the text of its message."""

    start: int
    end: int
    part: str
    said: str
    kind: str
    by_policy: bool = False


class _Region(msgspec.Struct):
    """One expression that may be a launch, with what was bound in it and in calls on its name."""

    start: int
    end: int
    hits: list[_Hit]
    target: str | None = None
    """The name that it is assigned to."""
    maybe: set[_Hit] = set()
    """Those of the hits that stand in a block further in: they may not be reached."""


def shipped() -> tuple[Idiom, ...]:
    """The idioms of knowledge/launch_idioms.tsv."""
    return tuple(Idiom(language, kind, pattern) for language, kind, pattern, _ in rows("launch_idioms", 4))


def program() -> str | None:
    """Semgrep's program by its absolute path, None where there is none."""
    named = os.environ.get(PROGRAM)
    beside = Path(sys.executable).with_name("semgrep.exe" if os.name == "nt" else "semgrep")
    found = named or (str(beside) if beside.is_file() else shutil.which("semgrep"))
    # A relative entry of the path may lead into the tree that is checked.
    return found if found and Path(found).is_absolute() and Path(found).is_file() else None


def find(files: Files, policy: Policy, platforms: tuple[Platform, ...]) -> Outside:
    """The launches that the idioms find in the tree. Raises UsageError where Semgrep is not there or does not work, PolicyError where it cannot
    read an idiom of the policy."""
    semgrep = program()
    if semgrep is None:
        if os.environ.get(PROGRAM):
            raise UsageError(f"{PROGRAM} is {plain(os.environ[PROGRAM])}, which is not the absolute path of a program.")
        raise UsageError(f"--engine all needs Semgrep: pip install 'stigmer-lint[semgrep]', or name its program in {PROGRAM}.")
    idioms = [*shipped(), *(Idiom(language, one.kind, one.pattern, True) for one in policy.idioms for language in one.languages)]
    used = {idiom.language for idiom in idioms}
    paths: list[tuple[str, str, bytes]] = []
    for language in ENDINGS:
        if language in used:
            paths.extend((language, path, data) for path, data in files.grep(_NEAR, ENDINGS[language]))
    if not paths:
        return Outside()
    languages = {language for language, _, _ in paths}
    found = _run(semgrep, [idiom for idiom in idioms if idiom.language in languages], paths)
    launches: list[Launch] = []
    gaps: list[Gap] = []
    for language, path, data in paths:
        for one in _launches(path, data, language, found.hits.get(path, []), platforms):
            if isinstance(one, Launch):
                launches.append(one)
            else:
                gaps.append(one)
    for path, line in found.partial.items():
        source = files.source(path)
        if source is not None and line <= len(source.line_starts):
            gaps.append(Gap(Span(path, *source.line_span(line)), "Semgrep could not read this part of the file"))
    return Outside(tuple(launches), tuple(gaps), tuple(found.failures), len(paths))


class _Found(msgspec.Struct):
    hits: dict[str, list[_Hit]]
    failures: list[Failure]
    partial: dict[str, int]
    """Files of which a part could not be read, with the first line of it."""


def _rules(idioms: Sequence[Idiom]) -> list[dict[str, Any]]:
    rules: list[dict[str, Any]] = []

    def add(id_: str, language: str, message: str, *patterns: dict[str, Any]) -> None:
        rules.append({"id": id_, "languages": [language], "severity": "INFO", "message": message, "patterns": list(patterns)})

    for number, idiom in enumerate(idioms):
        add(f"{number}.", idiom.language, "", {"pattern": idiom.pattern})
        for part in idiom.parts:
            add(f"{number}.{part}", idiom.language, "$KEY" if part in ("VALUE", "HOST") else "", {"pattern": idiom.pattern}, {"focus-metavariable": f"${part}"})
    for language in dict.fromkeys(idiom.language for idiom in idioms):
        for number, pattern in enumerate(_ASSIGNED.get(language, ())):
            add(f"{language}{number}.{_GIVEN}", language, "$NAME", {"pattern": pattern}, {"focus-metavariable": "$GIVEN"})
    return rules


def _run(semgrep: str, idioms: Sequence[Idiom], paths: Sequence[tuple[str, str, bytes]]) -> _Found:
    with tempfile.TemporaryDirectory(prefix="stigmer-lint-") as top:
        folder = Path(top)
        (folder / "tree").mkdir()
        names: dict[str, str] = {}
        for number, (_, path, data) in enumerate(paths):
            name = f"{number}{Path(path).suffix.lower()}"
            (folder / "tree" / name).write_bytes(data)
            names[name] = path
        (folder / "rules.yaml").write_bytes(msgspec.json.encode({"rules": _rules(idioms)}))
        environment = {key: value for key, value in os.environ.items() if not key.startswith("SEMGREP_")}
        environment |= {
            "SEMGREP_SEND_METRICS": "off", "SEMGREP_ENABLE_VERSION_CHECK": "0", "SEMGREP_SETTINGS_FILE": str(folder / "settings.yml"), "SEMGREP_LOG_FILE": str(folder / "log"),
            "HOME": str(folder), "XDG_CONFIG_HOME": str(folder), "XDG_CACHE_HOME": str(folder),
        }  # fmt: skip
        command = [
            semgrep, "scan", "--metrics=off", "--disable-version-check", "--disable-nosem", "--no-git-ignore", "--quiet", "--json",
            "--config", str(folder / "rules.yaml"), ".",
        ]  # fmt: skip
        try:
            done = subprocess.run(command, cwd=folder / "tree", env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=_SECONDS)
            out: Any = msgspec.json.decode(done.stdout)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise UsageError(f"Semgrep could not be run: {type(error).__name__}.") from error
        except msgspec.DecodeError as error:
            said = done.stderr.decode("utf-8", "replace").strip().splitlines()
            raise UsageError(plain(f"Semgrep failed with status {done.returncode}{f': {said[-1]}' if said else ''}.")) from error
    found = _Found({}, [], {})
    for wrong in out["errors"]:
        at = names.get(str(wrong.get("path", "")).removeprefix("./"))
        told = re.search(r"(?:^|\.)(\d+)\.[A-Z]*(?:$|[^\w.])", str(wrong.get("rule_id") or "") + " ")
        if at is not None and isinstance(wrong.get("type"), list) and wrong["type"][0] == "PartialParsing":
            # New syntax is common, and seldom where containers are started: what was read of the file counts.
            found.partial.setdefault(at, min(part["start"]["line"] for part in wrong["type"][1]))
        elif at is not None:
            found.failures.append(Failure(at, "Semgrep could not read it"))
        elif told is not None and int(told[1]) < len(idioms) and idioms[int(told[1])].by_policy:
            raise PolicyError(plain(f"idioms: Semgrep cannot read the pattern {idioms[int(told[1])].pattern} as {idioms[int(told[1])].language}"))
        else:
            raise UsageError(plain(f"Semgrep failed: {str(wrong.get('message') or wrong.get('long_msg') or wrong.get('type'))[:300]}"))
    for result in out["results"]:
        path = names[result["path"].removeprefix("./")]
        number, _, part = result["check_id"].removeprefix("rules.").rpartition(".")
        number = number.rpartition(".")[2]
        idiom = idioms[int(number)] if number.isdigit() else None
        hit = _Hit(
            result["start"]["offset"], result["end"]["offset"], part, result["extra"]["message"], idiom.kind if idiom else "", idiom is not None and idiom.by_policy
        )
        found.hits.setdefault(path, []).append(hit)
    return found


def _launches(path: str, data: bytes, language: str, hits: Iterable[_Hit], platforms: tuple[Platform, ...]) -> list[Launch | Gap]:
    hits = sorted(set(hits))
    names: dict[str, set[tuple[int, int]]] = {}
    for hit in hits:
        if hit.part == _GIVEN:
            names.setdefault(hit.said, set()).add((hit.start, hit.end))
    texts = Texts(path, data, language, {name: frozenset(places) for name, places in names.items()})
    found: list[Launch | Gap] = []
    for region in _regions(texts.text, hits):
        recognised = _recognised(texts, region, platforms[0])
        if isinstance(recognised, Unread):
            found.append(Gap(recognised.span, recognised.why))
        elif recognised is not None:
            span = Span(path, region.start, region.end)
            network = recognised.facts.network
            shares = isinstance(network, Known) and network.text == "host"
            # Where the code decides by system, the host's network is what it takes on Linux.
            where = tuple(one for one in platforms if one == "linux") if shares and _SYSTEM.search(texts.text) else platforms
            if where:
                facts = dict.fromkeys(where, recognised.facts)
                found.append(Launch(recognised.kind, recognised.engine, span, facts, service=recognised.service, language=language))
    return found


def _regions(text: str, hits: Sequence[_Hit]) -> list[_Region]:
    """The expressions that were matched, each with its parts: a chain of calls is one, and so are the calls on the name that it is given."""
    wholes: dict[int, int] = {}
    for hit in hits:
        if hit.part == "":
            wholes[hit.start] = max(hit.end, wholes.get(hit.start, 0))
    regions = [_Region(start, end, []) for start, end in sorted(wholes.items())]
    parts = [hit for hit in hits if hit.part not in ("", _GIVEN)]
    waiting: list[_Region] = []
    at = 0
    for hit in parts:
        while at < len(regions) and regions[at].start <= hit.start:
            waiting = [one for one in waiting if one.end > regions[at].start]
            waiting.append(regions[at])
            at += 1
        around = [one for one in waiting if one.start <= hit.start and hit.end <= one.end]
        if around:
            around[-1].hits.append(hit)
    made: dict[str, _Region] = {}
    kept: list[_Region] = []
    for region in regions:
        receiver = _RECEIVER.match(text, region.start, region.end)
        # `info.Arguments = line` goes on with what was begun as `info`.
        field = receiver is not None and _FIELD.match(text, receiver.end(), region.end) is not None
        begins = any(hit.part in ("IMAGE", "PROGRAM", "SCRIPT", "LINE") for hit in region.hits) and not field
        owner = made.get(receiver[1]) if receiver is not None and not begins else None
        if owner is None and not begins and kept and region.end <= kept[-1].end:
            # A call inside a block that configures the one around it.
            owner = kept[-1]
        if owner is not None:
            owner.hits.extend(region.hits)
            if _indent(text, region.start) > _indent(text, owner.start):
                owner.maybe.update(region.hits)
            continue
        target = _TARGET.search(text, max(0, region.start - 300), region.start)
        if target is not None:
            region.target = target[1]
            made[target[1]] = region
        kept.append(region)
    return kept


def _indent(text: str, at: int) -> int:
    line = text.rfind("\n", 0, at) + 1
    return len(text[line:at]) - len(text[line:at].lstrip())


def _recognised(texts: Texts, region: _Region, platform: Platform) -> Recognised | Unread | None:
    span = texts.span(region.start, region.end)
    for command in _commands(texts, region, span, platform):
        settled = settle(command)
        if settled is not None and settled.script is not None:
            # `bash -c "docker run ..."`
            split = words(settled.script)
            if split is None and _RUNS.search(texts.text, region.start, region.end):
                return Unread("the command line needs a shell to be read", span)
            settled = settle(Command(ListValue(split, span), None, span, platform)) if split is not None else None
        recognised = None if settled is None or settled.script is not None else recognise_argv(settled)
        if recognised is not None:
            return recognised
    for hit in region.hits:
        value = texts.command_line(hit.start, hit.end) if hit.part == "SCRIPT" else None
        if value is not None and words(value) is None and _RUNS.search(texts.text, hit.start, hit.end):
            return Unread("the command line needs a shell to be read", texts.span(hit.start, hit.end))
    images = [hit for hit in region.hits if hit.part == "IMAGE"]
    if not images:
        return None
    draft = Draft(span)
    # `DockerImageName.parse("x")` is matched as it is and inside: what can be read is meant.
    given = [texts.value(hit.start, hit.end) for hit in images]
    draft.image = next((one for one in given if not isinstance(one, Unknown)), given[0])
    for hit in region.hits:
        match hit.part:
            case "TAG":
                draft.image = join((draft.image, Known(":"), texts.value(hit.start, hit.end)), draft.image.span)
            case "VALUE":
                draft.set_env(_key(hit.said, texts), texts.value(hit.start, hit.end), hit in region.maybe)
            case "SETTINGS":
                items, _ = texts.list_from(hit.start)
                draft.env(ListValue(tuple(items)))
            case "NETWORK":
                draft.network = texts.value(hit.start, hit.end)
            case "NAME":
                draft.name = texts.value(hit.start, hit.end)
            case "HOST":
                said = hit.said.strip().strip("\"'")
                address = classify_address(said)
                if address is not None and address.kind == "host-alias":
                    draft.hosts.append(HostEntry(Known(said), texts.value(hit.start, hit.end), texts.span(hit.start, hit.end)))
            case _:
                pass
    # The chain goes on behind its last call that an idiom names.
    end = texts.text.find(";", region.end, region.end + 2000)
    if not draft.hosts and _MAPS.search(texts.text, region.start, max(end, region.end)):
        draft.hosts_open = True
    lambdas = _CONFIGURED.match(texts.text, region.end) is not None
    bound = sum(1 for hit in region.hits if hit.part in ("VALUE", "SETTINGS"))
    if region.target is not None or lambdas or len(_SETS.findall(texts.text, region.start, region.end)) > bound:
        draft.env_open.append("calls that are not followed")
        draft.unread.append("calls that are not followed")
    return draft.finish(images[0].kind, "docker")


def _key(said: str, texts: Texts) -> Value:
    """A variable's name as Semgrep writes it into a message: a literal with or without its quotes, or a name."""
    bare = said.strip().strip("\"'")
    return Known(bare) if re.fullmatch(r"\w+", bare) else Texts(texts.path, said.encode(), texts.language).value(0, len(said.encode()))


def _commands(texts: Texts, region: _Region, span: Span, platform: Platform) -> Iterable[Command]:
    """The processes that the region may start."""
    more = [hit for hit in region.hits if hit.part in ("ARGUMENT", "ARGUMENTS", "REST")]
    for start, end in sorted({(hit.start, hit.end) for hit in region.hits if hit.part == "PROGRAM"}):
        items = [*(texts.words_of(start, end) or texts.list_from(start)[0]), *_further(texts, region, more)]
        yield Command(ListValue(tuple(items), span), None, span, platform)
    for hit in region.hits:
        if hit.part == "SCRIPT":
            split = words(texts.command_line(hit.start, hit.end))
            if split is not None:
                yield Command(ListValue(split, span), None, span, platform)
    lines = [hit for hit in region.hits if hit.part == "LINE"]
    dockers = [hit for hit in region.hits if hit.part == "DOCKER"]
    if dockers and more:
        items = [Item(texts.value(dockers[0].start, dockers[0].end)), *_further(texts, region, more)]
        yield Command(ListValue(tuple(items), span), None, span, platform)
    for line, docker in zip(lines, dockers, strict=False):
        split = words(texts.value(line.start, line.end))
        if split is not None:
            yield Command(ListValue((Item(texts.value(docker.start, docker.end)), *split), span), None, span, platform)


def _further(texts: Texts, region: _Region, more: Sequence[_Hit]) -> list[Item]:
    """The words behind the first of an argument vector, in the order in which they stand."""
    items: list[Item] = []
    for hit in more:
        maybe = hit in region.maybe
        if hit.part == "ARGUMENTS":
            items.extend(msgspec.structs.replace(item, maybe=maybe) for item in texts.list_from(hit.start)[0])
        elif hit.part == "ARGUMENT":
            items.append(Item(texts.value(hit.start, hit.end), maybe))
        elif not texts.text.startswith(("[", "&[", "vec!"), hit.start):
            given = texts.words_of(hit.start, hit.end)
            items.extend(given or [Item(Unknown("arguments that are not followed", "other", None, texts.span(hit.start, hit.end)), rest=True)])
    return items


__all__ = ["ENDINGS", "PARTS", "PROGRAM", "Idiom", "find", "program", "shipped"]
