"""Compose files that programs write: here-documents of scripts, strings in code, files of which a template engine makes one.

An installer's `cat > compose.yaml <<EOF` starts the same containers as the file that it leaves behind. Each such text is read by the reader of Compose
files where it stands: what is around it is blanked, and what the program fills in becomes a reference to a variable that nothing sets, byte for byte
as long, so that every place is one of the real file.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from collections.abc import Sequence as Several
from typing import Final

import msgspec

from stigmer_lint.frontends.base import Tree
from stigmer_lint.frontends.compose_environment import Environment
from stigmer_lint.frontends.compose_files import ComposeFiles, Project, assemble
from stigmer_lint.frontends.compose_service import launches
from stigmer_lint.frontends.interpolation import Reference
from stigmer_lint.model.launch import Launch
from stigmer_lint.model.span import SourceFile, Span
from stigmer_lint.model.value import Known, Step, Unknown, Value, with_step

WORDS: Final = re.compile(rb"^[^\n#]{0,200}?\bservices:[ \t]*\r?$", re.MULTILINE)
NEAR: Final = (b"services:",)
SHELL: Final = (".sh", ".bash", ".zsh", ".ksh")
TEMPLATES: Final = (".tmpl", ".tpl", ".gotmpl", ".template", ".j2", ".jinja", ".jinja2")
CODE: Final = (".go", ".py", ".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".tsx", ".jsx")

MAX_DOCUMENTS: Final = 40
"""Texts of one file that are read."""

_SERVICE: Final = re.compile(rb"^[ \t]+(?:image|build|extends):", re.MULTILINE)
_TOP: Final = re.compile(rb"^([ \t]*)services:[ \t]*\r?$", re.MULTILINE)
_HERE: Final = re.compile(rb"^([^\n#]*?)<<(-?)[ \t]*(\\|['\"]?)([A-Za-z_][A-Za-z0-9_]*)['\"]?([^\n]*)(?:\n|\Z)", re.MULTILINE)
_CLOSING_LINE: Final = re.compile(rb"^(\t*)([A-Za-z_][A-Za-z0-9_]*)\r?$", re.MULTILINE)
_ASSIGNED: Final = re.compile(
    rb"^[ \t]*(?:export[ \t]+|readonly[ \t]+|local[ \t]+|declare[ \t]+(?:-\w+[ \t]+)*)?([A-Za-z_][A-Za-z0-9_]*)\+?=(?:\"([^\"$`\\\n]*)\"|'([^'\n]*)'|([\w./:@%+,=-]*))?",
    re.MULTILINE,
)
_OTHERWISE: Final = re.compile(rb"^[ \t]*read\b[^\n]*[ \t]([A-Za-z_][A-Za-z0-9_]*)|\bfor[ \t]+([A-Za-z_][A-Za-z0-9_]*)[ \t]+in\b", re.MULTILINE)
_ADDED: Final = "the program fills in lines of its own"
_NOT_BREAK: Final = re.compile(rb"[^\r\n]")
_ACTION: Final = re.compile(rb"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_COMMAND: Final = re.compile(rb"(?<!\\)(?:\$\(|`)")
_VERB: Final = re.compile(rb"%(?:\[\d+\]|\(\w+\))?[-+#0-9.]*[sdvqi]")
_FIELD: Final = re.compile(rb"(?<!\{)\{(?!\{)[^{}\n]*\}")
_BLOCK: Final = re.compile(rb"[-+ \t\r\n]*(if|with|range|for|else|elif|end|endif|endfor|block|define|macro|endmacro|endblock)\b")
_OPENING: Final = frozenset((b"if", b"with", b"range", b"for", b"block", b"define", b"macro"))
_CLOSING: Final = frozenset((b"else", b"elif", b"end", b"endif", b"endfor", b"endmacro", b"endblock"))


class Written(msgspec.Struct, frozen=True):
    """A text in a file that is a Compose file: the file's bytes with all else blanked. `start`: where the text begins. `shell`: the variables in it are
    those of the script. `open`: some lines are there under a condition, or are the program's. `added`: whole lines are the program's."""

    data: bytes
    start: int
    shell: bool = False
    open: bool = False
    added: bool = False


def is_written(path: str) -> bool:
    """Whether a file may by its name hold the text of a Compose file that a program writes."""
    return path.endswith((*SHELL, *CODE, *TEMPLATES))


def read_written(tree: Tree, paths: Several[str]) -> Iterator[Launch]:
    """The services of the Compose files that are written in the files `paths`."""
    for path in paths:
        source = tree.source(path)
        if source is None:
            continue
        for text in texts(source):
            files = ComposeFiles(_Inside(tree, SourceFile(path, text.data)))
            project = assemble(files, (path,))
            if files.unreadable or not _is_compose(project):
                continue
            known = _Variables(files, source, text.start if text.shell else 0)
            for service in project.services.values():
                service.layers = [
                    msgspec.structs.replace(layer, context=msgspec.structs.replace(layer.context, environment=known)) for layer in service.layers
                ]
            for launch in launches(files, project):
                yield _placed(launch, path, text)


def texts(source: SourceFile) -> Iterator[Written]:
    """The texts of a file that look like Compose files."""
    data = source.data
    if _SERVICE.search(data) is None:
        return
    if source.path.endswith(TEMPLATES):
        top = re.search(rb"^services:[ \t]*\r?$", data, re.MULTILINE)
        if top is not None:
            yield _template(data)
        return
    found: Iterable[Written] = _written(data) if source.path.endswith(SHELL) else _strings(source.path, data)
    for count, text in enumerate(found):
        if count >= MAX_DOCUMENTS:
            return
        yield text


class _Inside:
    """A tree in which one file is what stands in it."""

    def __init__(self, tree: Tree, source: SourceFile) -> None:
        self._tree = tree
        self._source = source

    def source(self, path: str) -> SourceFile | None:
        return self._source if path == self._source.path else self._tree.source(path)

    def has(self, path: str) -> bool:
        return self._tree.has(path)

    def folder(self, path: str) -> Iterable[str]:
        return self._tree.folder(path)

    def named(self, name: str) -> Iterable[str]:
        return self._tree.named(name)


def _is_compose(project: Project) -> bool:
    """Whether what was read has services only, each with what makes one."""
    return bool(project.services) and all(
        any(one.fields.keys() & {"image", "build", "extends"} for one in service.layers) for service in project.services.values()
    )


def _placed(launch: Launch, path: str, text: Written) -> Launch:
    """The launch as one of its own project; where it is built is not known, as nothing tells where the file is written to."""
    facts = {
        platform: msgspec.structs.replace(
            one, env_open=(*one.env_open, *([_ADDED] if text.open else ())), unread=(*one.unread, *([_ADDED] if text.added else ()))
        )
        for platform, one in launch.facts.items()
    }
    service = launch.service if launch.service is not None and "${_" not in launch.service else None
    return msgspec.structs.replace(launch, facts=facts, service=service, group=f"{path}#{text.start}", build=None, fragment=True)


def blanked(data: bytes, start: int, end: int, body: bytes) -> bytes:
    """`data` with nothing but `body` in the place of `start` to `end`."""
    assert len(body) == end - start, "every place stays"
    return _NOT_BREAK.sub(b" ", data[:start]) + body + _NOT_BREAK.sub(b" ", data[end:])


def _hole(text: bytes) -> bytes:
    """A reference to a variable that nothing sets, as long as what the program fills in; line breaks stay."""
    if b"\n" in text or len(text) < 2:
        return _NOT_BREAK.sub(b" ", text)
    return b"${" + b"_" * (len(text) - 3) + b"}" if len(text) > 3 else b"$" + b"_" * (len(text) - 1)


def _holed(body: bytes, holes: Several[tuple[int, int]]) -> tuple[bytes, bool]:
    """The text with its holes filled, and whether a whole line was one."""
    added = False
    parts: list[bytes] = []
    at = 0
    for start, end in holes:
        if start < at:
            continue
        line = body.rfind(b"\n", 0, start) + 1
        stop = body.find(b"\n", end)
        around = body[line:start] + body[end : stop if stop >= 0 else len(body)]
        alone = not around.strip() or b"\n" in body[start:end]
        added = added or alone
        parts += (body[at:start], _NOT_BREAK.sub(b" ", body[start:end]) if alone else _hole(body[start:end]))
        at = end
    parts.append(body[at:])
    return b"".join(parts), added


# --- scripts


class HereDocument(msgspec.Struct, frozen=True):
    """A here-document of a script: bytes `start` to `end`; `command`: the rest of the line that it stands behind; `literal`: its delimiter is quoted;
    `dedent`: the tabs in front of its lines go."""

    command: bytes
    start: int
    end: int
    literal: bool
    dedent: bool


def here_documents(data: bytes, before: int | None = None) -> Iterator[HereDocument]:
    """The here-documents of a script that begin before a byte; one that never ends is none."""
    # Looked up, not searched for: of many that never end each would cost a way through the rest of the script.
    closings: dict[tuple[bytes, bool], list[int]] | None = None
    at = 0
    while (here := _HERE.search(data, at, len(data) if before is None else before)) is not None:
        lead, tabs, quote, word, rest = here.groups()
        if closings is None:
            closings = {}
            for line in _CLOSING_LINE.finditer(data):
                closings.setdefault((line[2], True), []).append(line.start())
                if not line[1]:
                    closings.setdefault((line[2], False), []).append(line.start())
        lines = closings.get((word, bool(tabs)), [])
        index = bisect_left(lines, here.end())
        at = max(here.end(), here.start() + 1)
        if index < len(lines):
            at = lines[index]
            yield HereDocument(lead + rest, here.end(), at, bool(quote), bool(tabs))


def _written(data: bytes) -> Iterator[Written]:
    for one in here_documents(data):
        body = data[one.start : one.end]
        if _TOP.search(body) is None or _SERVICE.search(body) is None or not _keeps(one.command):
            continue
        if one.dedent:
            body = re.sub(rb"^\t+", lambda lead: b" " * len(lead.group()), body, flags=re.MULTILINE)
        added = False
        if not one.literal:
            body = unescaped(body)
            body, added = _holed(body, _commands(body))
        yield Written(blanked(data, one.start, one.end, body), one.start, not one.literal, added, added)


def _keeps(line: bytes) -> bool:
    """Whether the command of a here-document writes it to a file, or hands it to Compose."""
    return b">" in line or b"tee" in line or (b"compose" in line and b"-f" in line)


def unescaped(body: bytes) -> bytes:
    r"""`\$` stands for a dollar: what the script drops is made up for at the end of the line."""
    if b"\\" not in body:
        return body
    lines: list[bytes] = []
    for line in body.split(b"\n"):
        shorter = re.sub(rb"\\([$`\\])", rb"\1", line)
        ending = b"\r" if shorter.endswith(b"\r") else b""
        lines.append(shorter[: len(shorter) - len(ending)] + b" " * (len(line) - len(shorter)) + ending)
    return b"\n".join(lines)


def _commands(text: bytes) -> list[tuple[int, int]]:
    """The command substitutions of a here-document that is unescaped."""
    found: list[tuple[int, int]] = []
    at = 0
    while (opening := _COMMAND.search(text, at)) is not None:
        if opening.group() == b"`":
            end = text.find(b"`", opening.end())
            end = end + 1 if end >= 0 else -1
        else:
            end = _closed(text, opening.end(), b"(", b")")
        if end < 0:
            break
        found.append((opening.start(), end))
        at = end
    return found


def _closed(text: bytes, at: int, opening: bytes, closing: bytes) -> int:
    """Where the bracket that is open before `at` is closed, past it; -1 where it is not."""
    depth = 1
    for brace in re.compile(re.escape(opening) + b"|" + re.escape(closing)).finditer(text, at):
        depth += 1 if brace.group() == opening else -1
        if not depth:
            return brace.end()
    return -1


def script_variables(source: SourceFile, start: int) -> dict[str, Value]:
    """The variables of a script that are assigned once, a text, before byte `start`."""
    known: dict[str, Value] = {}
    several: set[str] = set()
    for found in _ASSIGNED.finditer(source.data, 0, start):
        name = found.group(1).decode()
        text = next((one for one in found.group(2, 3, 4) if one is not None), None)
        rest = source.data[found.end() : found.end() + 1]
        if text is None or name in known or rest not in (b"", b"\n", b"\r", b" ", b"\t", b";") or found.group().find(b"+=") >= 0:
            several.add(name)
            continue
        span = Span(source.path, found.start(1), found.end())
        known[name] = with_step(Known(text.decode("utf-8", "replace"), span), Step(span, f"{name} is set here"))
    several.update(name.decode() for found in _OTHERWISE.finditer(source.data) for name in found.groups() if name is not None)
    return {name: value for name, value in known.items() if name not in several}


class _Variables(Environment):
    """A script's variables in place of those of an env file."""

    def __init__(self, files: ComposeFiles, source: SourceFile, start: int) -> None:
        super().__init__(files.env_files, ())
        self._known = script_variables(source, start)

    def resolve(self, reference: Reference) -> Value:
        if not reference.name.strip("_"):
            return Unknown("the program fills it in", "input", None, reference.span)
        return super().resolve(reference)

    def set_to(self, name: str) -> Value | None:
        return self._known.get(name)

    def sample(self, name: str) -> Value | None:
        return None


# --- strings in code


def _strings(path: str, data: bytes) -> Iterator[Written]:
    """The strings over several lines in which a line says `services:`."""
    python = path.endswith(".py")
    marks = (b'"""', b"'''") if python else (b"`",)
    done = scanned = 0
    opened = (-1, b"")
    # Marks that do not stand once more in the rest of the file.
    endless: set[bytes] = set()
    for top in re.compile(rb"(?:^|\"\"\"\\?|'''\\?|`)[ \t]*services:[ \t]*\r?$", re.MULTILINE).finditer(data):
        word = top.group().find(b"services:") + top.start()
        if word < done:
            continue
        opened = max(opened, *((data.rfind(mark, scanned, word), mark) for mark in marks))
        scanned = word
        if opened[0] < 0 or opened[1] in endless:
            continue
        begin = opened[0] + len(opened[1])
        end = data.find(opened[1], word)
        if end < 0:
            endless.add(opened[1])
            continue
        done = end + len(opened[1])
        body = data[begin:end]
        if _SERVICE.search(body) is None or b"```" in body or (python and _is_docstring(data, opened[0])):
            continue
        first, line, rest = body.partition(b"\n")
        if not line:
            continue
        # What stands behind the quotes is the beginning of a line.
        lead = begin - (data.rfind(b"\n", 0, begin) + 1)
        text, added = _code_holes(path, data, opened[0], body)
        first, line, rest = text.partition(b"\n")
        if first.strip() in (b"", b"\\"):
            yield Written(blanked(data, begin, end, _NOT_BREAK.sub(b" ", first) + line + rest), begin, False, added, added)
        else:
            ending = b"\r" if first.endswith(b"\r") else b""
            moved = first[: len(first) - len(ending)] + b" " * lead + ending
            yield Written(blanked(data, begin - lead, end, moved + line + rest), begin, False, added, added)


def _is_docstring(data: bytes, quote: int) -> bool:
    """Whether a string is a statement of its own: a text for people."""
    line = data.rfind(b"\n", 0, quote) + 1
    if data[line:quote].strip(b" \trRbBuUfF"):
        return False
    above = data[:line].rstrip()
    return not above.endswith((b"=", b"(", b",", b"[", b"{", b"+", b"return", b"\\"))


def _code_holes(path: str, data: bytes, quote: int, body: bytes) -> tuple[bytes, bool]:
    """The string with what the program fills in made holes."""
    holes = [found.span() for found in _ACTION.finditer(body)]
    holes += [found.span() for found in _VERB.finditer(body)]
    if path.endswith(".py"):
        before = re.search(rb"[A-Za-z]*\Z", data[max(quote - 2, 0) : quote])
        behind = data[quote + 6 + len(body) : quote + 26 + len(body)]
        if (before is not None and b"f" in before.group().lower()) or re.match(rb"\s*\)?\s*\.format\b", behind):
            # A brace that is doubled is one brace.
            holes = [span for span in holes if not body.startswith(b"{{", span[0])]
            holes += [found.span() for found in _FIELD.finditer(body)]
            body = re.sub(rb"\{\{|\}\}", lambda brace: brace.group()[:1] + b" ", body)
    elif not path.endswith(".go"):
        at = 0
        while (start := body.find(b"${", at)) >= 0:
            at = _closed(body, start + 2, b"{", b"}")
            if at < 0:
                break
            if not body.endswith(b"\\", 0, start):
                holes.append((start, at))
        body, added = _holed(body, sorted(holes))
        return unescaped(body), added
    return _holed(body, sorted(holes))


# --- templates


def _template(data: bytes) -> Written:
    """A template's file without its actions: of what stands under a condition the first branch."""
    body = bytearray(data)
    holes: list[tuple[int, int]] = []
    # Of each block that is open, where the branch begins that is left out, if one is.
    opened: list[int | None] = []
    some = False
    for action in _ACTION.finditer(data):
        found = _BLOCK.match(action.group()[2:-2])
        word = found.group(1) if found is not None else b""
        if word in _OPENING:
            opened.append(None)
            some = True
        elif word in _CLOSING and opened:
            since = opened[-1]
            if since is not None:
                body[since : action.start()] = _NOT_BREAK.sub(b" ", body[since : action.start()])
            if word.startswith(b"el"):
                opened[-1] = action.start()
            else:
                opened.pop()
        if word or action.group().startswith((b"{%", b"{#", b"{{/*", b"{{- /*")):
            body[action.start() : action.end()] = _NOT_BREAK.sub(b" ", action.group())
        else:
            holes.append(action.span())
    text, alone = _holed(bytes(body), [(start, end) for start, end in holes if body[start:end].strip()])
    return Written(text, 0, False, some or alone, alone)


__all__ = [
    "CODE", "NEAR", "SHELL", "TEMPLATES", "WORDS", "Written", "blanked", "here_documents", "is_written", "read_written", "script_variables", "texts", "unescaped",
]
