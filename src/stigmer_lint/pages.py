"""A rule's page: its documentation, what `explain` prints, and its test.

A fenced block says what it is in its info string: `LANGUAGE [todo] ROLE [path=PATH]`.

- `bad`: a file of a tree in which the rules find exactly what is marked. A marked line ends in a comment with the code
  (`// STG101`); where a line can hold no comment, a line of its own below it says `^ STG101`. Marks are no part of the file.
- `good`: a file of a tree in which no rule finds anything.
- `fixed`: what `--fix --unsafe-fixes` makes of a file of the `bad` tree before it; the others stay as they are.
- `policy`: the policy of its section and of the sections below it.
- `output`: the text report of the `bad` block before it.
- `todo bad`: a known miss. It fails once it passes.

Blocks with a path and the same role in one section are files of one tree; every other block is a tree of its own. Blocks without
a role are prose; only `text`, `console` and `sh` may be.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal, TypeAlias, get_args

import msgspec

Role: TypeAlias = Literal["bad", "good", "fixed", "policy", "output"]
ROLES: Final[tuple[Role, ...]] = get_args(Role)

PROSE: Final = frozenset(("text", "console", "sh"))
"""Languages of blocks that need no role."""

FILE_NAMES: Final = {
    "go": "main.go",
    "python": "app.py",
    "shell": "run.sh",
    "javascript": "launch.js",
    "typescript": "launch.ts",
    "tsx": "launch.tsx",
    "yaml": "compose.yaml",
    "dockerfile": "Dockerfile",
    "make": "Makefile",
    "dotenv": ".env",
}
"""Name of a block's file where it gives none."""

_HEADING: Final = re.compile(r"(#{1,6})\s+(.*?)\s*#*\s*\Z")
_FENCE: Final = re.compile(r"(`{3,}|~{3,})\s*(.*?)\s*\Z")
_TRAILING: Final = re.compile(r"\s*(?://|#|--|;|<!--|/\*)\s*((?:[A-Z]{1,4}[0-9]{3})(?:[ ,]+[A-Z]{1,4}[0-9]{3})*)\s*(?:-->|\*/)?\s*\Z")
_BELOW: Final = re.compile(r"\s*(?://|#|--|;|<!--)?\s*\^+\s*((?:[A-Z]{1,4}[0-9]{3})(?:[ ,]+[A-Z]{1,4}[0-9]{3})*)\s*(?:-->)?\s*\Z")


class PageError(Exception):
    """A page that is not written as a page must be; the text starts with file:line."""


class Mark(msgspec.Struct, frozen=True, order=True):
    """A finding that a page expects or that a run gave: `line` is 1-based in the file `path`."""

    path: str
    line: int
    code: str


class Block(msgspec.Struct, frozen=True):
    """One fenced block with a role. `line`: 1-based line of the page on which its text begins. `section`: the headings that it stands
    under, each as (place in the page, text). `text`: the file, without marks. `raw`: as it stands in the page."""

    page: str
    line: int
    end: int
    language: str
    role: Role
    section: tuple[tuple[int, str], ...]
    raw: str
    text: str
    marks: tuple[Mark, ...]
    path: str
    named: bool
    """Whether the page names the file."""
    todo: bool = False


class Case(msgspec.Struct, frozen=True):
    """A tree to check, and what must come of it. `policy` is the text of the policy, None for none."""

    page: str
    role: Role
    blocks: tuple[Block, ...]
    policy: Block | None
    output: Block | None = None
    todo: bool = False
    bad: tuple[Block, ...] = ()
    """Fixed: the tree that it comes of. Files that the page does not show again stay as they are."""

    @property
    def id(self) -> str:
        """Short name, unique in its page."""
        first = self.blocks[0]
        return f"{first.line}-{'+'.join(dict.fromkeys(label(block) for block in self.blocks))}-{'todo-' if self.todo else ''}{self.role}"

    @property
    def marks(self) -> tuple[Mark, ...]:
        """Everything that must be found, in order."""
        return tuple(sorted(mark for block in self.blocks for mark in block.marks))


class Page(msgspec.Struct, frozen=True):
    """A page in parts. `name`, `code`: from its first heading, `# name (CODE)`."""

    path: str
    name: str
    code: str
    headings: tuple[str, ...]
    """Headings of the second level."""
    blocks: tuple[Block, ...]
    text: str

    @property
    def summary(self) -> str:
        """The first paragraph below the first heading."""
        lines: list[str] = []
        for line in self.text.splitlines()[1:]:
            if line.strip() and not line.startswith("#"):
                lines.append(line.strip())
            elif lines:
                break
        return " ".join(lines)


_TITLE: Final = re.compile(r"([a-z0-9]+(?:-[a-z0-9]+)*) \(([A-Z]{1,4}[0-9]{3})\)\Z")


def parse(path: str, text: str) -> Page:
    """A page from its text. `path` is what errors call it. Raises PageError."""
    lines = text.splitlines()
    first = _HEADING.match(lines[0]) if lines else None
    title = _TITLE.match(first[2]) if first and len(first[1]) == 1 else None
    if title is None:
        raise PageError(f"{path}:1: a page begins with `# rule-name (CODE)`")
    section: list[tuple[int, int, str]] = []
    blocks: list[Block] = []
    headings: list[str] = []
    at = 0
    while at < len(lines):
        fence = _FENCE.match(lines[at])
        heading = _HEADING.match(lines[at])
        if fence:
            end = next((i for i in range(at + 1, len(lines)) if lines[i].startswith(fence[1]) and not lines[i].strip(fence[1][0]).strip()), None)
            if end is None:
                raise PageError(f"{path}:{at + 1}: this block never ends")
            block = _block(path, at, end, fence[2], tuple((place, name) for _, place, name in section), lines)
            if block is not None:
                blocks.append(block)
            at = end
        elif heading:
            level = len(heading[1])
            while section and section[-1][0] >= level:
                section.pop()
            section.append((level, at, heading[2]))
            if level == 2:
                headings.append(heading[2])
        at += 1
    return Page(path, title[1], title[2], tuple(headings), tuple(blocks), text)


def _block(page: str, at: int, end: int, info: str, section: tuple[tuple[int, str], ...], lines: Sequence[str]) -> Block | None:
    where = f"{page}:{at + 1}"
    words = info.split()
    if not words:
        raise PageError(f"{where}: a block says its language")
    language, rest = words[0], words[1:]
    path: str | None = None
    todo = False
    role: Role | None = None
    for word in rest:
        if word == "todo":
            todo = True
        elif word.startswith("path="):
            path = word.removeprefix("path=")
        elif word in ROLES and role is None:
            role = next(known for known in ROLES if known == word)
        else:
            raise PageError(f"{where}: unknown word '{word}'; expected LANGUAGE [todo] {'|'.join(ROLES)} [path=PATH]")
    if role is None:
        if language not in PROSE or rest:
            raise PageError(f"{where}: expected a role: {', '.join(ROLES)}")
        return None
    if todo and role != "bad":
        raise PageError(f"{where}: only a bad block can be todo")
    if path is None and role in ("bad", "good", "fixed"):
        if language not in FILE_NAMES:
            raise PageError(f"{where}: a block in {language} names its file with path=")
        name = FILE_NAMES[language]
    else:
        name = path or ""
    if path is not None and (path.startswith("/") or ".." in path.split("/")):
        raise PageError(f"{where}: '{path}' does not lie in the tree")
    raw = "".join(line + "\n" for line in lines[at + 1 : end])
    content, marks = _marked(raw, name) if role in ("bad", "good", "fixed") else (raw, ())
    if marks and role != "bad":
        raise PageError(f"{where}: a {role} block has no marks")
    return Block(page, at + 2, end + 1, language, role, section, raw, content, marks, name, path is not None, todo)


def _marked(raw: str, path: str) -> tuple[str, tuple[Mark, ...]]:
    """The file without its marks, and the marks."""
    kept: list[str] = []
    marks: list[Mark] = []
    for line in raw.splitlines():
        below = _BELOW.match(line)
        if below and kept:
            marks += [Mark(path, len(kept), code) for code in re.split(r"[ ,]+", below[1])]
            continue
        trailing = _TRAILING.search(line)
        if trailing and line[: trailing.start()].strip():
            line = line[: trailing.start()]
            marks += [Mark(path, len(kept) + 1, code) for code in re.split(r"[ ,]+", trailing[1])]
        kept.append(line)
    return "".join(line + "\n" for line in kept), tuple(marks)


def cases(page: Page) -> tuple[Case, ...]:
    """The trees of a page, in its order. Raises PageError for a policy, output or fixed block that belongs to nothing."""
    found: list[Case] = []
    trees: dict[tuple[tuple[tuple[int, str], ...], Role, bool], int] = {}
    policies: dict[tuple[tuple[int, str], ...], Block] = {}
    for block in page.blocks:
        if block.role == "policy":
            if block.section in policies:
                raise PageError(f"{page.path}:{block.line}: a section has one policy")
            policies[block.section] = block
    for block in page.blocks:
        if block.role == "policy":
            continue
        if block.role == "output":
            last = next((at for at in reversed(range(len(found))) if found[at].role == "bad" and found[at].blocks[0].section == block.section), None)
            if last is None or found[last].output is not None:
                raise PageError(f"{page.path}:{block.line}: an output block follows the bad block of its section that it belongs to")
            found[last] = msgspec.structs.replace(found[last], output=block)
            continue
        policy = next((policies[block.section[:size]] for size in range(len(block.section), -1, -1) if block.section[:size] in policies), None)
        key = (block.section, block.role, block.todo)
        if block.named and key in trees:
            at = trees[key]
            if any(one.path == block.path for one in found[at].blocks):
                raise PageError(f"{page.path}:{block.line}: {block.path} is given twice in one tree")
            found[at] = msgspec.structs.replace(found[at], blocks=(*found[at].blocks, block))
            continue
        if block.named:
            trees[key] = len(found)
        before: tuple[Block, ...] = ()
        if block.role == "fixed":
            before = next((case.blocks for case in reversed(found) if case.role == "bad" and case.blocks[0].section == block.section), ())
            if not before:
                raise PageError(f"{page.path}:{block.line}: a fixed block follows the bad block of its section that it belongs to")
        found.append(Case(page.path, block.role, (block,), policy, None, block.todo, before))
    for case in found:
        if case.role == "bad" and not case.marks:
            raise PageError(f"{page.path}:{case.blocks[0].line}: a bad block marks at least one line")
    return tuple(found)


def write(case: Case, root: Path) -> None:
    """Write a case's files and its policy below `root`."""
    for block in (*case.bad, *case.blocks):
        target = root / block.path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(block.text, encoding="utf-8")
    if case.policy is not None:
        (root / "stigmer-lint.yaml").write_text(case.policy.text, encoding="utf-8")


def label(block: Block) -> str:
    """What the block is written in, for people: a language, or the kind of file."""
    name = block.path.rsplit("/", 1)[-1]
    if block.language == "yaml":
        if ".github/workflows/" in f"/{block.path}":
            return "GitHub Actions"
        if ".devcontainer" in block.path:
            return "Dev Container"
        return "Compose" if "compose" in name else "Kubernetes"
    return _LABELS.get(block.language, block.language)


_LABELS: Final = {
    "go": "Go", "python": "Python", "shell": "Shell", "javascript": "JavaScript", "typescript": "TypeScript", "tsx": "TypeScript",
    "dockerfile": "Dockerfile", "make": "Make", "dotenv": ".env", "json": "JSON", "ini": "systemd", "xml": "launchd", "toml": "TOML",
}  # fmt: skip
