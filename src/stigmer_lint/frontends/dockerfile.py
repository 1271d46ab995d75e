"""Dockerfiles: what the image of the last stage, or of a named one, brings along.

Multi-stage files: a stage starts with what the stage that it names in FROM has. Code that is copied into a stage from which the
final one copies (`COPY --from`) counts as inside: it is the source of what is built there.
"""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from typing import Final

import msgspec

from stigmer_lint.frontends.compose_files import configured
from stigmer_lint.frontends.dockerfile_lines import Instruction, instructions, json_words, word_ranges, word_value
from stigmer_lint.frontends.interpolation import Reference
from stigmer_lint.knowledge.bundlers import BUNDLES
from stigmer_lint.knowledge.commands import PROGRAM_WORDS, TOOLS
from stigmer_lint.knowledge.names import tokens
from stigmer_lint.model.launch import EnvSetting, Health, Image
from stigmer_lint.model.span import SourceFile, Span
from stigmer_lint.model.value import Known, Step, Unknown, Value, choose, text_of, with_step

_STAGE_NAME: Final = re.compile(r"[a-z][a-z0-9\-_.]*$")
_INSTALL: Final = re.compile(r"\b(?:apt|apt-get|aptitude|apk|yum|dnf|microdnf|zypper|pacman)\b|\bgit\s+clone\b|\b(?:curl|wget)\b")
_PROGRAMS: Final = re.compile(
    r"\b(?:npm\s+(?:install|i|add)\s+(?:-\S+\s+)*(?:-g|--global)|(?:pnpm|bun)\s+(?:add|install|i)\s+(?:-\S+\s+)*(?:-g|--global)|yarn\s+global\s+add|pipx\s+install|uv\s+tool\s+install|gem\s+install"
    r"|go\s+install(?:\s+-\S+)*(?=[^&|;]*@)|cargo\s+install)\s+([^&|;<>]+)"
)
"""What brings in whole programs, by the package managers of languages."""
_ARCHIVE: Final = re.compile(r"https?://\S{1,300}?(?:/releases/|/download/|\.(?:tar(?:\.\w+)?|t[gx]z|zip|jar|war|deb|rpm|whl|phar)\b)|\bgit\s+clone\b")
"""Where a RUN line takes something ready made from."""
_PIP: Final = re.compile(r"\b(?:pip3?|uv\s+pip)\s+install\s+([^&|;<>]+)")
_COMMAND_END: Final = re.compile(r"&&|\|\||;|\|")
_CLIENT: Final = re.compile(r"-(?:client|clients|tools|dev|devel|cli|common)(?:[-=:\d]|$)")
MAX_RUN: Final = 20_000
_MOUNT: Final = re.compile(r"--mount=(\S+)")


class _Stage:
    """One stage while it is read."""

    def __init__(self, name: str | None, base: str | None, parent: _Stage | None) -> None:
        self.name = name
        self.base: str | None = parent.base if parent else base
        self.env: dict[str, EnvSetting] = dict(parent.env) if parent else {}
        self.args: dict[str, EnvSetting] = dict(parent.args) if parent else {}
        self.copies: dict[str, None] = {}
        self.uses: list[_Stage] = [parent] if parent else []
        self.workdir: str | None = parent.workdir if parent else "/" if base is None else None
        self.placed: list[tuple[str, str | None]] = list(parent.placed) if parent else []
        """What is copied from the context, each with the place that it gets; None where that cannot be told."""
        self.taken: list[tuple[_Stage, str | None, str | None]] = list(parent.taken) if parent else []
        """What is copied from other stages: the stage, the path there, the place here."""
        self.exposes: dict[str, None] = dict(parent.exposes) if parent else {}
        self.entrypoint: tuple[Value, ...] | None = parent.entrypoint if parent else None
        self.command: tuple[Value, ...] | None = parent.command if parent else None
        self.health: Health | None = parent.health if parent else None
        self.installs: set[str] = set(parent.installs) if parent else set()
        self.fetches: bool = parent.fetches if parent else False
        self.programs: dict[str, None] = dict(parent.programs) if parent else {}
        self.products: dict[str, None] = dict(parent.products) if parent else {}
        self.scripts: list[str] = list(parent.scripts) if parent else []
        """Texts of files that the Dockerfile itself writes."""
        self.compiles: dict[str, None] = {}
        self.packages: dict[str, None] = {}
        self.bundled: set[str] | None = set(parent.bundled) if parent and parent.bundled is not None else None
        self.dotenv: bool = parent.dotenv if parent else False
        self.own_command = False
        self.named = True
        """Whether the image that it starts from is named here, by a default at least."""


class _Reader:
    def __init__(self, source: SourceFile, given: dict[str, Value]) -> None:
        self.source = source
        self.given = given
        self.globals: dict[str, EnvSetting] = {}
        self.stages: list[_Stage] = []
        self.by_name: dict[str, _Stage] = {}
        self.escape = "\\"
        self.declared: set[str] = set()
        self.bundler: Span | None = None

    @property
    def stage(self) -> _Stage:
        if not self.stages:
            # Fragments that a tool puts together have no FROM.
            self.stages.append(_Stage(None, None, None))
        return self.stages[-1]

    def argument(self, setting: EnvSetting) -> Value:
        """What a build argument has: what the build gives, its default, or either where no build is known."""
        given = self.given.get(setting.name)
        if given is not None:
            return given
        unknown = Unknown(f"build argument {setting.name}", "input", setting.name, setting.name_span)
        if setting.passed:
            return unknown
        default = with_step(setting.value, Step(setting.span, f"default of build argument {setting.name}"))
        return choose((unknown, default), setting.span, (), 1)

    def lookup(self, name: str, from_line: bool) -> Value | None:
        if from_line:
            setting = self.globals.get(name)
            return self.argument(setting) if setting else None
        stage = self.stage
        if name in stage.env:
            setting = stage.env[name]
            return with_step(setting.value, Step(setting.span, f"{name} is set here"))
        if name in stage.args:
            return self.argument(stage.args[name])
        return None

    def resolve(self, reference: Reference, from_line: bool = False) -> Value:
        name, operator = reference.name, reference.operator
        if operator == "other":
            return Unknown(f"${{{name}}} is changed by an operator that is not followed", "other", name, reference.span)
        value = self.lookup(name, from_line)
        if value is None:
            # Not declared: the base image may set it, else it is empty.
            value = Unknown(f"{name} of the base image", "env", name, reference.span)
            if operator in ("-", ":-"):
                return choose((value, reference.argument()), reference.span, (), 1)
            return value
        empty = text_of(value) == ""
        if operator in ("+", ":+"):
            return Known("", reference.span) if operator == ":+" and empty else reference.argument()
        return reference.argument() if operator == ":-" and empty else value

    def resolve_from(self, reference: Reference) -> Value:
        return self.resolve(reference, True)

    def words(self, instruction: Instruction, from_line: bool = False) -> list[Value]:
        """The words that are no flags."""
        place = instruction.place
        resolve = self.resolve_from if from_line else self.resolve
        ranges = word_ranges(place.text, 0, len(place.text), self.escape)
        return [word_value(place, start, end, self.escape, resolve) for start, end in ranges if not place.text.startswith("--", start)]

    def read(self, found: Iterable[Instruction]) -> None:
        for instruction in found:
            match instruction.name:
                case "FROM":
                    self.begin(instruction)
                case "ENV":
                    self.stage.env.update((s.name, s) for s in self.pairs(instruction))
                case "ARG":
                    self.arguments(instruction)
                case "WORKDIR":
                    words = self.words(instruction)
                    self.stage.workdir = _joined(self.stage.workdir, configured(words[0])) if words else None
                case "COPY" | "ADD":
                    self.copy(instruction)
                case "RUN":
                    self.mounts(instruction)
                    if instruction.written and _WRITES.search(instruction.place.text) is not None:
                        self.stage.scripts += instruction.written
                    self.stage.installs |= _installed(instruction.place.text)
                    self.stage.fetches = self.stage.fetches or any(_ARCHIVE.search(text) for text in (instruction.place.text, *instruction.written))
                    self.stage.programs.update(dict.fromkeys(_programs(instruction.place.text)))
                    self.stage.compiles.update(dict.fromkeys(_compiled(instruction.place.text)))
                    self.stage.packages.update(dict.fromkeys(_PACKAGE.findall(instruction.place.text)))
                    self.bundle(instruction)
                case "EXPOSE":
                    for value in self.words(instruction):
                        text = configured(value)
                        if text:
                            self.stage.exposes[text.partition("/")[0]] = None
                case "ENTRYPOINT":
                    self.stage.entrypoint = _command(instruction)
                    if not self.stage.own_command:
                        # The engine drops the CMD of the base when a stage sets its own ENTRYPOINT.
                        self.stage.command = None
                case "CMD":
                    self.stage.command = _command(instruction)
                    self.stage.own_command = True
                case "HEALTHCHECK":
                    self.stage.health = _health(instruction)
                case _:
                    pass

    def begin(self, instruction: Instruction) -> None:
        words = self.words(instruction, True)
        image = configured(words[0]) if words else None
        name = text_of(words[2]) if len(words) >= 3 and (text_of(words[1]) or "").lower() == "as" else None
        parent = self.by_name.get(image.lower()) if image and _STAGE_NAME.match(image.lower()) else None
        stage = _Stage(name, None if image == "scratch" else image, parent)
        stage.named = image is not None or not words
        self.stages.append(stage)
        if name:
            self.by_name[name.lower()] = stage

    def pairs(self, instruction: Instruction) -> list[EnvSetting]:
        place = instruction.place
        text = place.text
        ranges = word_ranges(text, 0, len(text), self.escape)
        if not ranges:
            return []
        first, last = ranges[0]
        if "=" not in text[first:last]:
            # The old form: one name, the rest of the line is its value.
            if len(ranges) < 2:
                return []
            begin, end = ranges[1][0], ranges[-1][1]
            span = place.span(begin, end)
            return [EnvSetting(text[first:last], word_value(place, begin, end, self.escape, self.resolve), span, place.span(first, last), origin="image")]
        found: list[EnvSetting] = []
        for start, end in ranges:
            equals = text.find("=", start, end)
            if equals < 0:
                continue
            name = word_value(place, start, equals, self.escape, self.resolve)
            if not isinstance(name, Known):
                continue
            value = word_value(place, equals + 1, end, self.escape, self.resolve)
            begin, stop = equals + 1, end
            if stop - begin >= 2 and text[begin] in "\"'" and text[stop - 1] == text[begin]:
                begin, stop = begin + 1, stop - 1
            found.append(EnvSetting(name.text, value, place.span(begin, stop), place.span(start, equals), origin="image"))
        return found

    def arguments(self, instruction: Instruction) -> None:
        place = instruction.place
        text = place.text
        into = self.stages[-1].args if self.stages else self.globals
        resolve = self.resolve if self.stages else self.resolve_from
        for start, end in word_ranges(text, 0, len(text), self.escape):
            equals = text.find("=", start, end)
            if equals >= 0:
                name = text[start:equals]
                value = word_value(place, equals + 1, end, self.escape, resolve)
                self.declared.add(name)
                into[name] = EnvSetting(name, value, place.span(equals + 1, end), place.span(start, equals), origin="image")
                continue
            name = text[start:end]
            self.declared.add(name)
            span = place.span(start, end)
            outer = self.globals.get(name) if self.stages else None
            if outer is not None:
                into[name] = outer
            else:
                unknown = Unknown(f"build argument {name}", "input", name, span)
                into[name] = EnvSetting(name, unknown, span, span, passed=True, origin="image")

    def copy(self, instruction: Instruction) -> None:
        place = instruction.place
        self.stage.scripts += instruction.written
        ranges = word_ranges(place.text, 0, len(place.text), self.escape)
        flags = 0
        origin: _Stage | None = None
        elsewhere = False
        image: str | None = None
        while flags < len(ranges) and place.text.startswith("--", ranges[flags][0]):
            flag = place.text[ranges[flags][0] : ranges[flags][1]]
            if flag.startswith("--from="):
                image = flag[len("--from=") :].strip("\"'")
                origin = self.use(image)
                elsewhere = True
            flags += 1
        rest = ranges[flags:]
        written: list[str | None]
        if rest and place.text[rest[0][0]] == "[":
            try:
                written = list(msgspec.json.decode(place.text[rest[0][0] :].strip().encode(), type=list[str]))
            except (msgspec.DecodeError, UnicodeEncodeError):
                return
        else:
            written = [configured(word_value(place, start, end, self.escape, self.resolve)) for start, end in rest]
        if not written:
            return
        *sources, last = written
        target = _joined(self.stage.workdir, last)
        if elsewhere:
            if origin is not None:
                self.stage.taken.extend((origin, source, target) for source in sources)
                image = origin.base
            if image is not None:
                self.stage.products[image] = None
            return
        for source in sources:
            if source is not None and "://" not in source and not source.startswith(("<<", "git@")):
                inner = _in_context(source)
                self.stage.copies[inner] = None
                self.stage.placed.append((inner, target))

    def bundle(self, instruction: Instruction) -> None:
        """Note the variables that are there when a RUN line builds a bundle of JavaScript."""
        stage, text = self.stage, instruction.place.text[:MAX_RUN]
        stage.dotenv = stage.dotenv or _DOTENV.search(text) is not None
        if BUNDLES.search(text) is not None:
            stage.bundled = (stage.bundled or set()) | stage.env.keys() | stage.args.keys() | set(_ASSIGNED.findall(text)) | ({"*"} if stage.dotenv else set())
            self.bundler = instruction.span

    def mounts(self, instruction: Instruction) -> None:
        text = instruction.place.text
        if "--mount=" not in text:
            return
        for mount in _MOUNT.findall(text[:4000]):
            options: dict[str, str] = {key: value for key, _, value in (part.partition("=") for part in mount.split(","))}
            if options.get("type", "bind") != "bind":
                continue
            if "from" in options:
                self.use(options["from"])
            else:
                self.stage.copies[_in_context(options.get("source", options.get("src", ".")))] = None

    def use(self, name: str) -> _Stage | None:
        """The stage that another is copied from, by name or number; None for an image."""
        stage = self.by_name.get(name.lower())
        if stage is None and name.isascii() and name.isdigit() and int(name[:6]) < len(self.stages) - 1:
            stage = self.stages[int(name)]
        if stage is not None and stage is not self.stage:
            self.stage.uses.append(stage)
            return stage
        return None


def _joined(folder: str | None, path: str | None) -> str | None:
    """A path inside the image, made absolute; None where that cannot be told."""
    if path is None or "$" in path:
        return None
    if path.startswith("/"):
        return posixpath.normpath(path)
    return posixpath.normpath(f"{folder}/{path}") if folder is not None else None


MAX_STAGES = 12


def _kept(stage: _Stage, depth: int = 0) -> set[str] | None:
    """The paths of the context that are in a stage's image as they are: copied there, or copied from a stage that they were copied to. What is built of
    others is not among them. None where it cannot be told."""
    found = {source for source, _ in stage.placed}
    for other, source, _ in stage.taken:
        inner = _within(other, _joined(other.workdir, source), depth + 1)
        if inner is None:
            return None
        found |= inner
    return found


def _within(stage: _Stage, path: str | None, depth: int) -> set[str] | None:
    """The paths of the context that lie below a path of a stage."""
    if path is None or depth > MAX_STAGES:
        return None
    found: set[str] = set()
    for source, place in stage.placed:
        if place is None:
            return None
        if _below(place, path):
            found.add(source)
        elif _below(path, place):
            inner = posixpath.relpath(path, place)
            found.add(inner if source == "." else posixpath.join(source, inner))
            found.update((source,) if posixpath.basename(source) == inner else ())
    for other, taken, place in stage.taken:
        there = _joined(other.workdir, taken)
        if place is None or there is None:
            return None
        if _below(place, path):
            inner_paths = _kept(other, depth + 1)
        elif _below(path, place):
            inner_paths = _within(other, posixpath.join(there, posixpath.relpath(path, place)), depth + 1)
        else:
            continue
        if inner_paths is None:
            return None
        found |= inner_paths
    return found


def _below(path: str, folder: str) -> bool:
    return path == folder or folder == "/" or path.startswith(f"{folder}/") or fnmatchcase(path, folder)


_PACKAGE = re.compile(
    r"(?:--filter[= ]|--scope[= ]|--workspace[= ]|-w |\bworkspace |\bprune |\bcd )[\"'{]*(?:\.{3})?(@?[A-Za-z0-9][\w.-]*(?:/[\w.-]*[\w-])*)"
)
"""What a package manager is told to build of a workspace, by name (https://pnpm.io/filtering, https://turborepo.com/docs/reference/prune) or folder."""
_DOTENV: Final = re.compile(r"\.env\b(?![.\w]{0,40}(?:\.js|\.ts))")
"""A RUN line that has to do with an env file: what is in it, is in the bundle."""
_ASSIGNED: Final = re.compile(r"\b([A-Z][A-Z0-9_]{2,100})=")
_SETS = re.compile(r"(?m)^[ \t]*(?:export[ \t]+)?([A-Za-z_]\w{0,100})=")
_USES = re.compile(r"(?:\$\{?|\benv\.|\b(?:env|environ)\[[\"']|\b(?:environ\.get|getenv)\([\"'])([A-Za-z_]\w{0,100})")
_WRITES = re.compile(r"\b(?:cat|tee)\b[^|&;]{0,400}<<|<<[^|&;]{0,400}(?:>|\|\s*tee\b)")
"""A here-document that a RUN line puts into a file, and does not carry out."""


_NO_PRODUCTS: Final = frozenset((
    "ADD", "APK", "APT", "BIN", "CACHE", "CLEAN", "CONTRIB", "CURL", "DEB", "DNF", "DOWNLOAD", "ETC", "FETCH", "GET", "GIT", "GITHUB", "GZ", "HTTP",
    "HTTPS", "INSTALL", "LIST", "MAIN", "MIRROR", "NPM", "OPT", "PIP", "RELEASES", "RUN", "SECURITY", "SOURCES", "STABLE", "TAR", "TMP", "UPDATE",
    "UPGRADE", "USR", "VAR", "WGET", "YARN", "YUM",
))
"""Words of the commands and places themselves."""


def _programs(text: str) -> Iterator[str]:
    """The programs that a RUN line brings in by a language's package manager, tools for developers left out."""
    for hit in _PIP.finditer(text[:MAX_RUN]):
        yield from (word for word in hit[1].split() if not word.startswith(("-", ".", "/")) and not PROGRAM_WORDS.isdisjoint(tokens(word)))
    for hit in _PROGRAMS.finditer(text[:MAX_RUN]):
        for word in hit[1].replace("\\", " ").split():
            name = word.strip("'\"")
            plain = name[:1] + name[1:].partition("@")[0]
            if not name.startswith(("-", "$", ".", "/")) and plain not in TOOLS and plain.rpartition("/")[2] not in TOOLS:
                yield plain


def _installed(text: str) -> set[str]:
    """Words of what a RUN line brings in. Client programs and header files of a server are not the server."""
    found: set[str] = set()
    if _INSTALL.search(text) is None:
        return found
    for command in _COMMAND_END.split(text[:MAX_RUN]):
        if _INSTALL.search(command) is not None:
            for word in command.split():
                if not word.startswith(("-", "lib")) and not _CLIENT.search(word):
                    found.update(tokens(word))
    return found - _NO_PRODUCTS


_GO: Final = re.compile(r"(?:^|[\s;&|(])go\s+(?:-C\s+\S+\s+)?(build|install|run|test)(?=\s|$)")
_OTHER_BUILDERS: Final = re.compile(
    r"(?:^|&&|;|\|\||\()\s*(?:[A-Za-z_]\w*=\S*\s+)*(?:make|gmake|mage|task|just|goreleaser|bazel|ninja|xx-go|garble|air|(?:\S*/)?(?:ba|a)?sh\s+\S|\.{0,2}/\S+\.sh)(?=\s|$)"
)
_RELOADS: Final = re.compile(r"(?:\S*/)?(?:air|make|task|just|mage|CompileDaemon|reflex|modd|wgo|gow)\b")
"""What rebuilds the program when the container starts."""
_GO_VALUES: Final = frozenset((
    "-o", "-ldflags", "-tags", "-mod", "-p", "-gcflags", "-asmflags", "-buildmode", "-run", "-count", "-timeout", "-coverprofile", "-covermode", "-coverpkg", "-exec",
    "-installsuffix", "-pkgdir", "-modfile", "-overlay", "-bench", "-parallel", "-toolexec", "-compiler", "-pgo",
))
"""Flags of the go command that take a value (`go help build`, `go help testflag`)."""


def _compiled(text: str) -> Iterator[str]:
    """What one line has the go command build, each as the verb and a package; "" where that cannot be told."""
    text = text[:MAX_RUN]
    if _OTHER_BUILDERS.search(text) is not None:
        yield ""
    for hit in _GO.finditer(text):
        try:
            words = shlex.split(_COMMAND_END.split(re.sub(r"\\\r?\n", " ", text[hit.end() :]), maxsplit=1)[0], posix=True)
        except ValueError:
            yield ""
            continue
        targets: list[str] = []
        skip = False
        for word in words:
            if skip:
                skip = False
            elif word.startswith("-"):
                skip = "=" not in word and word.replace("--", "-") in _GO_VALUES
            else:
                targets.append(word)
                if hit[1] == "run":
                    break
        if any("@" in target for target in targets):
            # A tool of some other module.
            continue
        if hit[1] == "install" and targets and all("." in target.partition("/")[0].lstrip(".") for target in targets):
            continue
        yield from (f"{hit[1]} {target}" if "$" not in target else "" for target in targets or ["."])


def _in_context(written: str) -> str:
    parts: list[str] = []
    for part in written.split("/"):
        if part == "..":
            del parts[-1:]
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts) or "."


def _command(instruction: Instruction) -> tuple[Value, ...] | None:
    """The exec form's words, or the shell form as the engine runs it."""
    place = instruction.place
    words = json_words(place)
    if words is not None:
        return words
    text = place.text
    start = len(text) - len(text.lstrip())
    end = start + len(text.strip())
    if start >= end:
        return ()
    span = place.span(start, end)
    return (Known("/bin/sh", span), Known("-c", span), Known(text[start:end], span))


def _health(instruction: Instruction) -> Health | None:
    text = instruction.place.text
    found = re.search(r"(?:^|\s)(CMD|NONE)(?=\s|$|\[)", text, re.IGNORECASE)
    if found is None or found[1].upper() == "NONE":
        return None
    start = found.end() + len(text[found.end() :]) - len(text[found.end() :].lstrip())
    end = len(text.rstrip())
    return Health((Known(text[start:end], instruction.place.span(start, max(start, end))),), instruction.span)


_FILLED_IN = re.compile(r"\$\{?([A-Za-z_]\w*)")


def read_dockerfile(source: SourceFile, target: str | None = None, given: Iterable[EnvSetting] = ()) -> Image:
    """What the image of stage `target` (the last one where None or not there) says, built with the arguments `given`. Without
    those, a build argument is a choice of "given by the build" and its default. Raises UnreadableError for what is no text."""
    reader = _Reader(source, {setting.name: setting.value for setting in given})
    reader.escape, found = instructions(source)
    reader.read(found)
    stage = reader.by_name.get(target.lower()) if target else None
    if stage is None:
        stage = reader.stage
    copies: dict[str, None] = {}
    compiles: dict[str, None] = {}
    packages: dict[str, None] = {}
    for words in (stage.entrypoint or (), stage.command or ()):
        text = " ".join(text_of(word) or "$" for word in words).removeprefix("/bin/sh -c ")
        compiles.update(dict.fromkeys(one for one in _compiled(text) if one or _RELOADS.match(text)))
    waiting = [stage]
    seen = {id(stage)}
    brings = False
    bundled: set[str] | None = None
    while waiting:
        one = waiting.pop()
        if one.bundled is not None:
            bundled = (bundled or set()) | one.bundled
        copies.update(one.copies)
        compiles.update(one.compiles)
        packages.update(one.packages)
        brings = brings or not one.named
        for used in one.uses:
            if id(used) not in seen:
                seen.add(id(used))
                waiting.append(used)
    arguments = {**reader.globals, **stage.args}
    return Image(
        source.path,
        tuple(stage.env.values()),
        tuple(arguments.values()),
        (".",) if "." in copies else tuple(copies),
        tuple(stage.exposes),
        stage.base,
        stage.entrypoint,
        stage.command,
        stage.health,
        frozenset(stage.installs),
        brings,
        frozenset(reader.declared),
        tuple(compiles),
        tuple(sorted(kept)) if (kept := _kept(stage)) is not None else None,
        frozenset(name for text in stage.scripts for name in _SETS.findall(text)),
        frozenset(name for text in stage.scripts for name in _USES.findall(text)),
        tuple(packages),
        tuple(stage.products),
        tuple(dict.fromkeys((*stage.programs, *(name for origin, *_ in stage.taken for name in origin.programs)))),
        stage.fetches or any(origin.fetches for origin, *_ in stage.taken),
        stage.name,
        frozenset(bundled) if bundled is not None else None,
        reader.bundler,
        frozenset(name for one in reader.stages for words in (one.entrypoint, one.command) for word in words or () for name in _FILLED_IN.findall(text_of(word) or "")),
    )
