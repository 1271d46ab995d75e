"""Where images are built from, said outside of Compose: `docker build` command lines, bake files, build steps of workflows, skaffold.

Only the names are wanted (image, folder, Dockerfile, stage), so command lines are read without a shell: a line that cannot be told
gives nothing.
"""

from __future__ import annotations

import posixpath
import re
from bisect import bisect_left
from collections.abc import Iterator
from typing import Final

from stigmer_lint.errors import UnreadableError
from stigmer_lint.frontends.base import Tree
from stigmer_lint.frontends.config_paths import base_name, folder_of, inside
from stigmer_lint.frontends.decoded import Offsets, decode
from stigmer_lint.frontends.file_kinds import TASKFILE
from stigmer_lint.frontends.hcl import Block, Expression, Many, Text, read_hcl
from stigmer_lint.frontends.yaml_nodes import Field, Node, Scalar, Sequence, fields, load
from stigmer_lint.model.launch import ImageBuild
from stigmer_lint.model.span import SourceFile, Span
from stigmer_lint.model.value import Known

_COMMAND: Final = re.compile(
    r"(?<![\w./-])(?:docker|podman|nerdctl|buildah|\$\(?\{?(?:DOCKER|CONTAINER_(?:ENGINE|RUNTIME|CMD|TOOL)|OCI_BIN|PODMAN)\}?\)?)[ \t]+"
    r"(?:--[\w=\-]+[ \t]+)*(?:buildx[ \t]+|image[ \t]+|builder[ \t]+)?(?:build|bud)(?=[ \t\\])"
)
_END: Final = re.compile(r"&&|\|\||[;|\r\n]|(?<=\s)#|(?<=\s)[12]?>")
_CONTINUED: Final = re.compile(r"\\[ \t]*\r?\n[ \t]*")
_WORD: Final = re.compile(r"""(?:[^\s"']|"(?:[^"\\]|\\.)*"|'[^']*')+""")
_ASSIGNED: Final = re.compile(
    r"""^[ \t]*(?:export[ \t]+|readonly[ \t]+|local[ \t]+)?([A-Za-z_]\w*)[ \t]*(?:[?:]{0,2}=)[ \t]*(["']?)([^"'\s#;]*)\2[ \t]*(?:$|[#;\r])""", re.MULTILINE
)
_DEFAULT: Final = re.compile(r"^\$\{\w+:?-([^${}]*)\}$")
_VARIABLE: Final = re.compile(r"\$(?:\{([A-Za-z_]\w*)(?::?-([^${}]*))?\}|\(([A-Za-z_]\w*)\)|([A-Za-z_]\w*))")
_CHANGED: Final = re.compile(r"(?:^|[\s;&(])cd[ \t]+([\w./\-${}()\"']+)[ \t]*&&[^\n]*$")
_TAKES_VALUE: Final = frozenset((
    "-t", "--tag", "-f", "--file", "--target", "--build-arg", "--platform", "--cache-from", "--cache-to", "--label", "--secret", "--ssh", "--network",
    "--output", "-o", "--progress", "--builder", "--build-context", "--add-host", "--iidfile", "--metadata-file", "-m", "--memory", "--shm-size",
    "--ulimit", "--isolation", "--attest", "--annotation", "--provenance", "--sbom", "--format", "-v", "--volume", "--pull-policy", "--layers-from",
    "--cgroup-parent", "--security-opt", "--manifest", "--arch", "--os", "--variant", "--jobs", "--authfile", "--runtime",
))  # fmt: skip
MAX_WORDS: Final = 400
MAX_COMMANDS: Final = 500
"""Words of one command and commands of one file that are looked at."""


def builds_of_commands(tree: Tree, source: SourceFile) -> list[ImageBuild]:
    """The builds that a Makefile, script or workflow runs as `docker build`. Raises UnreadableError for what is no UTF-8 text."""
    text, base = decode(source)
    offsets = Offsets(text, base)
    variables = {name: _DEFAULT.sub(r"\1", value) for name, _, value in _ASSIGNED.findall(text) if value}
    found: list[ImageBuild] = []
    tasks = [hit.start() for hit in _TASK.finditer(text)] if TASKFILE.match(source.path) else None
    for count, head in enumerate(_COMMAND.finditer(text)):
        if count >= MAX_COMMANDS:
            break
        line = text.rfind("\n", 0, head.start()) + 1
        before = text[max(line, head.start() - 300) : head.start()]
        if before.lstrip().startswith(("#", "//", "*", "echo ", "@echo ")):
            continue
        words, end = _words(text, head.end())
        names, dockerfile, target, context = _parsed(words, variables)
        if context is None:
            continue
        changed = _CHANGED.search(before)
        folder = _filled(changed[1].strip("\"'"), variables) if changed else _left_in(text, line, variables) if source.path.endswith((".sh", ".bash")) else ""
        if tasks is not None:
            task = _task_folder(text, line, tasks)
            folder = task if folder == "" else posixpath.join(task, folder) if folder is not None else None
        span = Span(source.path, offsets.at(head.start()), offsets.at(end))
        found.extend(_builds(tree, source.path, folder, names, dockerfile, target, context, span))
    return found


_TASK: Final = re.compile(r"^  [\w\"'][^\n]*:[ \t]*\r?$", re.MULTILINE)
_TASK_FOLDER: Final = re.compile(r"^ {4}dir:[ \t]*[\"']?([\w./-]+)[\"']?[ \t]*\r?$", re.MULTILINE)


def _task_folder(text: str, at: int, tasks: list[int]) -> str:
    """The folder that the task around a place says it runs in (taskfile.dev, "Task directory"), "" where it says none. `tasks`: where they begin."""
    after = bisect_left(tasks, at)
    found = _TASK_FOLDER.search(text, tasks[after - 1] if after else 0, tasks[after] if after < len(tasks) else len(text))
    return found[1].removeprefix("./") if found is not None and not found[1].startswith(("/", "..")) else ""


_GONE: Final = re.compile(r"^[ \t]*cd[ \t]+([^\s;&|]+)[ \t]*(?:$|[;#\r])", re.MULTILINE)


def _left_in(text: str, end: int, variables: dict[str, str]) -> str:
    """The folder in which the lines above leave a script, "" where none says so: of `cd "$root"/web` what stands behind the variable, which is the root as
    a rule."""
    gone = list(_GONE.finditer(text, 0, end))
    if not gone:
        return ""
    said = gone[-1][1].replace('"', "").replace("'", "")
    known = _filled(said, variables)
    if known is None and (lead := _VARIABLE.match(said)) is not None and said.startswith("/", lead.end()):
        known = said[lead.end() + 1 :]
    return known if known is not None and "$" not in known and not known.startswith(("/", "-", "..")) else ""


def _words(text: str, at: int) -> tuple[list[str], int]:
    """The words of a command, its continuation lines joined, up to its end."""
    words: list[str] = []
    while len(words) < MAX_WORDS:
        while (space := re.compile(r"[ \t]+").match(text, at)) or (space := _CONTINUED.match(text, at)):
            at = space.end()
        if at >= len(text) or _END.match(text, at):
            break
        word = _WORD.match(text[at : at + 2000])
        if word is None:
            break
        said = word[0]
        stop = re.search(r"&&|\|\||[;|]|\\\r?\n", said)
        if stop is not None:
            said = said[: stop.start()]
        if said:
            words.append(said.replace('"', "").replace("'", "") if "$(" not in said or " " not in said else said)
            at += len(said)
        if stop is not None and not text.startswith("\\", at):
            break
        if not said and stop is None:
            break
    return words, at


def _parsed(words: list[str], variables: dict[str, str]) -> tuple[list[str], str | None, str | None, str | None]:
    names: list[str] = []
    dockerfile: str | None = None
    target: str | None = None
    context: str | None = None
    at = 0
    while at < len(words):
        word = words[at]
        flag, equals, joined = word.partition("=")
        if word.startswith("-") and word != "-":
            value = joined if equals else ""
            if flag in _TAKES_VALUE and not equals:
                at += 1
                value = words[at] if at < len(words) else ""
            if flag in ("-t", "--tag"):
                names.append(value)
            elif flag in ("-f", "--file"):
                dockerfile = value
            elif flag == "--target":
                target = value
        elif not word.startswith("$") or _VARIABLE.fullmatch(word) is None or _filled(word, variables) is not None:
            context = word
        at += 1
    filled = [name for one in names if (name := _filled(one, variables)) is not None]
    return (
        filled or [one.partition(":")[0] for one in names if "$" not in one.partition(":")[0]],
        _filled(dockerfile, variables) if dockerfile else None,
        _filled(target, variables) if target else None,
        _filled(context, variables) if context else None,
    )


def _filled(word: str, variables: dict[str, str]) -> str | None:
    """A word with the variables that the file itself sets; of an image's tag it does not matter what is unknown."""
    for _ in range(4):
        if "$" not in word:
            return word
        word = _VARIABLE.sub(lambda m: variables.get(m[1] or m[3] or m[4], m[2] if m[2] is not None else m[0]), word)
    head, colon, tail = word.rpartition(":")
    if colon and "$" not in head and "/" not in tail:
        return head
    return word if "$" not in word else None


def _builds(
    tree: Tree, path: str, folder: str | None, names: list[str], dockerfile: str | None, target: str | None, context: str, span: Span
) -> Iterator[ImageBuild]:
    """The build for each name. Where the command is started is not written: the file's own folder or the root, whichever fits."""
    if "://" in context or context == "-":
        return
    for start in dict.fromkeys(("" if path.startswith(".github/") else folder_of(path), "")):
        base = inside(start, folder) if folder else start if folder is not None else None
        where = inside(base, context) if base is not None else None
        if where is None or base is None:
            continue
        file = inside(base, dockerfile) if dockerfile else _join(where, "Dockerfile")
        if file is None or not tree.has(file):
            file = _join(where, "Containerfile") if not dockerfile and tree.has(_join(where, "Containerfile")) else None
        if file is None:
            continue
        if not names:
            yield ImageBuild(None, where, file, span, target)
        for name in names:
            yield ImageBuild(name, where, file, span, target)
        return


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def builds_of_bake(tree: Tree, source: SourceFile) -> list[ImageBuild]:
    """The targets of a `docker-bake.hcl`. Raises UnreadableError for what is no UTF-8 text."""
    blocks = read_hcl(source)
    targets = {block.labels[0]: block for block in blocks if block.kind == "target" and block.labels}
    defaults = {b.labels[0]: _plain(b.attributes.get("default"), {}) for b in blocks if b.kind == "variable" and b.labels}
    known = {name: said for name, said in defaults.items() if said is not None}
    found: list[ImageBuild] = []
    for block in targets.values():
        chain = [block]
        for _ in range(8):
            inherited = chain[-1].attributes.get("inherits")
            first = _plain(inherited.items[-1], known) if isinstance(inherited, Many) and inherited.items else None
            if first is None or first not in targets or targets[first] in chain:
                break
            chain.append(targets[first])
        context = _plain(_attribute(chain, "context"), known) or "."
        tags = _attribute(chain, "tags")
        names = [tag for item in (tags.items if isinstance(tags, Many) else ()) if (tag := _plain(item, known))]
        dockerfile = _plain(_attribute(chain, "dockerfile"), known)
        target = _plain(_attribute(chain, "target"), known)
        if dockerfile is not None and not context.startswith(("http", "target:")):
            # Bake reads the Dockerfile's path from the context.
            dockerfile = f"{context}/{dockerfile}"
        found.extend(_builds(tree, source.path, "", names, dockerfile, target, context, block.span))
    return found


def _attribute(chain: list[Block], name: str) -> Expression | None:
    return next((block.attributes[name] for block in chain if name in block.attributes), None)


def _plain(said: Expression | None, known: dict[str, str]) -> str | None:
    """A string with the bake file's own variables; of an image's tag it does not matter what is unknown."""
    if not isinstance(said, Text):
        return None
    text = ""
    for part in said.parts:
        if isinstance(part, Known):
            text += part.text
        elif part.text in known:
            text += known[part.text]
        else:
            head, colon, tail = text.rpartition(":")
            return head if colon and "/" not in tail else None
    return text


def builds_of_workflow(tree: Tree, source: SourceFile) -> list[ImageBuild]:
    """The images of `docker/build-push-action` steps. Raises UnreadableError for what is no YAML."""
    found: list[ImageBuild] = []
    for document in load(source):
        root = fields(document.root)
        env = _texts(root)
        for job in fields(root["jobs"].value if "jobs" in root else None).values():
            entry = fields(job.value)
            known = {**env, **_texts(entry)}
            steps = entry["steps"].value if "steps" in entry else None
            items = [fields(item) for item in steps.items] if isinstance(steps, Sequence) else []
            images: dict[str, list[str]] = {}
            for step in items:
                uses, given = _text(step, "uses"), fields(step["with"].value if "with" in step else None)
                if uses.startswith("docker/metadata-action"):
                    images[_text(step, "id")] = _lines(_text(given, "images"), known)
                elif uses.startswith(("docker/build-push-action", "redhat-actions/buildah-build")):
                    span = step["uses"].value.span
                    names = _lines(_text(given, "tags"), known) or _lines(_text(given, "image"), known)
                    for identity, listed in images.items():
                        if f"steps.{identity}.outputs.tags" in _text(given, "tags"):
                            names += listed
                    context = _action_text(_text(given, "context") or ".", known)
                    file = _text(given, "file") or _text(given, "containerfiles")
                    dockerfile = _action_text(file, known) if file else None
                    if context is not None and (dockerfile is not None or not file):
                        found.extend(_builds(tree, source.path, "", names, dockerfile, _text(given, "target") or None, context, span))
    return found


def _texts(entry: dict[str, Field]) -> dict[str, str]:
    env = fields(entry["env"].value if "env" in entry else None)
    return {name: field.value.text for name, field in env.items() if isinstance(field.value, Scalar)}


def _text(entry: dict[str, Field], name: str) -> str:
    node: Node | None = entry[name].value if name in entry else None
    return node.text if isinstance(node, Scalar) else ""


def _lines(text: str, known: dict[str, str]) -> list[str]:
    found = [_action_text(line.strip().partition(",")[0] if "type=" in line else line.strip(), known) for line in re.split(r"[\n,]", text)]
    return list(dict.fromkeys(name for name in found if name))


def _action_text(text: str, known: dict[str, str]) -> str | None:
    """A text of a workflow with `env` filled in; of an image's tag it does not matter what is unknown."""
    text = re.sub(r"\$\{\{\s*env\.(\w+)\s*\}\}", lambda m: known.get(m[1], m[0]), text)
    text = re.sub(r"\$\{\{\s*github\.workspace\s*\}\}/?", "./", text)
    if "${{" not in text:
        return text
    head = text.partition("${{")[0]
    name, colon, tail = head.rpartition(":")
    return name if colon and "/" not in tail and name else None


def builds_of_skaffold(tree: Tree, source: SourceFile) -> list[ImageBuild]:
    """The artifacts of a skaffold.yaml. Raises UnreadableError for what is no YAML."""
    found: list[ImageBuild] = []
    for document in load(source):
        build = fields(fields(document.root)["build"].value) if "build" in fields(document.root) else {}
        artifacts = build["artifacts"].value if "artifacts" in build else None
        for item in artifacts.items if isinstance(artifacts, Sequence) else ():
            entry = fields(item)
            docker = fields(entry["docker"].value if "docker" in entry else None)
            image, context = _text(entry, "image"), _text(entry, "context") or "."
            file = _text(docker, "dockerfile")
            dockerfile = f"{context}/{file}" if file else None
            if image:
                found.extend(_builds(tree, source.path, "", [image], dockerfile, _text(docker, "target") or None, context, item.span))
    return found


def read_builds(tree: Tree, source: SourceFile) -> list[ImageBuild]:
    """The builds that a file states, by its name."""
    name = base_name(source.path)
    found: list[ImageBuild] = []
    if name.endswith(".hcl"):
        return builds_of_bake(tree, source)
    if name.startswith("skaffold"):
        return builds_of_skaffold(tree, source)
    if name.endswith((".yml", ".yaml")):
        try:
            found = builds_of_workflow(tree, source)
        except UnreadableError:
            # Its reader of containers reports it.
            return []
    return found + builds_of_commands(tree, source)
