"""A function of another file made known in this one: how it is called here, and the import that this needs."""

from __future__ import annotations

import posixpath
import re
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from stigmer_lint.fixes import syntax
from stigmer_lint.fixes.parsed import OncePerFile
from stigmer_lint.fixes.places import indent_of, newline_of
from stigmer_lint.fixes.types import CannotFix, Written
from stigmer_lint.model.span import SourceFile, Span
from stigmer_lint.report.types import Edit

if TYPE_CHECKING:
    from tree_sitter import Node

Source = Callable[[str], SourceFile | None]

_MODULE = re.compile(rb"(?m)^module[ \t]+\"?([^\s\"]+)")
_PACKAGE = re.compile(rb"(?m)^package[ \t]+(\w+)")


def known_as(source: SourceFile, root: Node, function: str, home: SourceFile, sources: Source) -> tuple[str, tuple[Edit, ...]] | CannotFix:
    """How to call the top-level function `function` of the file `home` in the file `source`, and the edits that import it. Raises UnreadableError."""
    if home.path == source.path:
        return function, ()
    match syntax.language_of(source.path), syntax.language_of(home.path):
        case "go", "go":
            return _go(source, root, function, home, sources)
        case "python", "python":
            return _python(source, function, home, sources)
        case "javascript" | "typescript" | "tsx", "javascript" | "typescript" | "tsx":
            return _javascript(source, root, function, home)
        case _:
            return CannotFix(f"{function} is written in another language")


def _go(source: SourceFile, root: Node, function: str, home: SourceFile, sources: Source) -> tuple[str, tuple[Edit, ...]] | CannotFix:
    folder, own = posixpath.dirname(home.path), posixpath.dirname(source.path)
    if folder == own:
        return function, ()
    package = _PACKAGE.search(home.data)
    if not function[:1].isupper() or package is None or package[1] == b"main":
        return CannotFix(f"{function} is not exported")
    inside, slash, _ = f"/{folder}/".partition("/internal/")
    if slash and not f"/{own}/".startswith(f"{inside}/"):
        return CannotFix(f"{function} is in an internal package of another part of the tree")
    above = folder
    while (module := sources(posixpath.join(above, "go.mod"))) is None and above:
        above = posixpath.dirname(above)
    name = _MODULE.search(module.data) if module is not None else None
    if name is None or not f"{own}/".startswith(f"{above}/" if above else ""):
        return CannotFix(f"{function} is in another module")
    path = posixpath.join(name[1].decode("utf-8", "replace"), posixpath.relpath(folder, above or "."))
    word = package[1].decode()
    listed = [one for one in root.named_children if one.type == "import_declaration"]
    specs = [spec for one in listed for spec in _specs(one)]
    for spec in specs:
        place = spec.child_by_field_name("path")
        if place is not None and syntax.text(place).strip(b'"`') == path.encode():
            alias = spec.child_by_field_name("name")
            return f"{syntax.text(alias).decode() if alias is not None else word}.{function}", ()
    taken = {(syntax.text(alias) if (alias := spec.child_by_field_name("name")) is not None else posixpath.basename(syntax.text(spec).strip(b'"').decode()).encode()) for spec in specs}
    if word.encode() in taken or not specs or specs[-1].parent is None or specs[-1].parent.type != "import_spec_list":
        return CannotFix("its imports are not a list to which one could be added")
    last = specs[-1]
    return f"{word}.{function}", (_insert(source, last.end_byte, f'{newline_of(source)}{indent_of(source, last.start_byte)}"{path}"'),)


def _python(source: SourceFile, function: str, home: SourceFile, sources: Source) -> tuple[str, tuple[Edit, ...]] | CannotFix:
    module = _module(home, sources)
    root, own = module[0], _module(source, sources)[0]
    if root != own or not module[1]:
        return CannotFix(f"how {home.path} is imported from here is not known")
    needed = _python_needs(source, module[1], function)
    return needed if isinstance(needed, CannotFix) else (function, needed)


def _python_needs(source: SourceFile, module: str, name: str | None) -> tuple[Edit, ...] | CannotFix:
    """The edit that imports a module, or a name from it; none where it is imported."""
    text = source.data.decode("utf-8", "strict") if _is_utf8(source.data) else None
    if text is None:
        return CannotFix("the file is not UTF-8")
    # A quarter of a second to import, so only where an import is written.
    import libcst
    from libcst.codemod import CodemodContext
    from libcst.codemod.visitors import AddImportsVisitor

    context = CodemodContext(full_module_name=None)
    AddImportsVisitor.add_needed_import(context, module, name)
    try:
        changed = AddImportsVisitor(context).transform_module(libcst.parse_module(text)).code
    except (libcst.ParserSyntaxError, RecursionError):
        return CannotFix("the file is not understood well enough to add an import")
    if changed == text:
        return ()
    start = 0
    while start < min(len(text), len(changed)) and text[start] == changed[start]:
        start += 1
    start = text.rfind("\n", 0, start) + 1
    tail = 0
    while tail < min(len(text), len(changed)) - start and text[-1 - tail] == changed[-1 - tail]:
        tail += 1
    first, last = len(text[:start].encode()), len(text[: len(text) - tail].encode())
    return (Edit(Span(source.path, first, last), changed[start : len(changed) - tail]),)


def _python_module(source: SourceFile, module: str) -> tuple[Edit, ...] | CannotFix:
    """What imports a module of the standard library: a line among those of its kind, in their order; where there are none, libcst finds the place."""
    root = syntax.root_of(source)
    plain: list[tuple[str, Node]] = []
    for node in root.named_children if root is not None else ():
        names = node.named_children if node.type == "import_statement" else []
        if any(syntax.text(name) == module.encode() for name in names):
            return ()
        first = syntax.text(names[0]).decode("utf-8", "replace") if names else ""
        if first.partition(".")[0] in sys.stdlib_module_names and (not plain or node.start_point.row == plain[-1][1].end_point.row + 1):
            plain.append((first, node))
    if not plain:
        return _python_needs(source, module, None)
    after = next((node for name, node in plain if name > module), None)
    if after is not None:
        return (_insert(source, after.start_byte, f"import {module}{newline_of(source)}"),)
    return (_insert(source, plain[-1][1].end_byte, f"{newline_of(source)}import {module}"),)


python_patterns: OncePerFile[tuple[Edit, ...] | CannotFix] = OncePerFile(lambda source: _python_module(source, "re"))
"""What imports the library of patterns in a Python file."""
python_os: OncePerFile[tuple[Edit, ...] | CannotFix] = OncePerFile(lambda source: _python_module(source, "os"))
"""What imports the library of the environment in a Python file."""


class GoPatterns(msgspec.Struct, frozen=True):
    """What imports the package regexp in a Go file, and what does so in place of the package strings, which is used `uses` times there."""

    beside: tuple[Edit, ...]
    instead: tuple[Edit, ...]
    uses: int


STRINGS = re.compile(rb"(?<![\w.])strings\.")


def _go_patterns(source: SourceFile) -> GoPatterns | CannotFix:
    root = syntax.root_of(source)
    specs = [spec for one in root.named_children if one.type == "import_declaration" for spec in _specs(one)] if root is not None else []
    paths = [syntax.text(place).strip(b'"`') if (place := spec.child_by_field_name("path")) is not None else b"" for spec in specs]
    if not specs:
        return CannotFix("its imports are not a list to which one could be added")
    if b"regexp" in paths and specs[paths.index(b"regexp")].child_by_field_name("name") is not None:
        return CannotFix("regexp has another name in this file")
    listed = specs[-1].parent is not None and specs[-1].parent.type == "import_spec_list"
    newline = newline_of(source)
    # Sorted, as gofmt has them, among the packages of the standard library.
    after = next((spec for spec, path in zip(specs, paths, strict=True) if path > b"regexp" and b"." not in path), None)
    beside: tuple[Edit, ...] = ()
    if b"regexp" in paths:
        pass
    elif listed and after is not None:
        beside = (_insert(source, after.start_byte, f'"regexp"{newline}{indent_of(source, after.start_byte)}'),)
    elif listed:
        beside = (_insert(source, specs[-1].end_byte, f'{newline}{indent_of(source, specs[-1].start_byte)}"regexp"'),)
    else:
        beside = (_insert(source, specs[0].start_byte, f'({newline}\t"regexp"{newline}\t'), _insert(source, specs[0].end_byte, f"{newline})"))
    strings = specs[paths.index(b"strings")] if b"strings" in paths else None
    if strings is None or strings.child_by_field_name("name") is not None:
        instead = beside
    elif b"regexp" not in paths and (strings == after or not listed):
        instead = (Edit(syntax.span_of(source, strings), '"regexp"'),)
    else:
        start, end = source.line_span(source.line_of(strings.start_byte))
        whole = source.data[start:end].strip() == b'"strings"'
        end += 2 if source.data[end : end + 2] == b"\r\n" else 1
        instead = (*beside, Edit(Span(source.path, start, end), "")) if whole else beside
    return GoPatterns(beside, instead, len(STRINGS.findall(source.data)))


go_patterns: OncePerFile[GoPatterns | CannotFix] = OncePerFile(_go_patterns)


def _specs(declaration: Node) -> list[Node]:
    inner = declaration.named_children
    group = inner[0].named_children if inner and inner[0].type == "import_spec_list" else inner
    return [spec for spec in group if spec.type == "import_spec"]


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _module(source: SourceFile, sources: Source) -> tuple[str, str]:
    """The folder that imports start from, and the module's name from there."""
    folder, name = posixpath.split(source.path.removesuffix(".py"))
    words = [] if name == "__init__" else [name]
    while folder and sources(f"{folder}/__init__.py") is not None:
        folder, package = posixpath.split(folder)
        words.insert(0, package)
    return folder, ".".join(words) if all(word.isidentifier() for word in words) else ""


def _javascript(source: SourceFile, root: Node, function: str, home: SourceFile) -> tuple[str, tuple[Edit, ...]] | CannotFix:
    if re.search(rb"(?m)^export\s+(?:async\s+)?(?:function|const)\s+" + re.escape(function.encode()) + rb"\b", home.data) is None:
        return CannotFix(f"{function} is not exported")
    imports = [one for one in root.named_children if one.type == "import_statement"]
    if not imports:
        return CannotFix("the file imports nothing, so that how to import is not known")
    paths = [syntax.text(place).strip(b"'\"`").decode("utf-8", "replace") for one in imports if (place := one.child_by_field_name("source")) is not None]
    relative = [path for path in paths if path.startswith(".")]
    wanted = posixpath.relpath(home.path, posixpath.dirname(source.path) or ".")
    wanted = wanted if wanted.startswith(".") else f"./{wanted}"
    stem = re.sub(r"\.(?:[cm]?[jt]sx?)\Z", "", wanted)
    for one, path in zip(imports, paths, strict=False):
        if re.sub(r"\.(?:[cm]?[jt]sx?)\Z", "", path) == stem:
            named = re.search(rb"\{([^}]*)\}", syntax.text(one))
            if named is not None and function.encode() in re.split(rb"[\s,]+", named[1]):
                return function, ()
    ending = next((found[0] for path in relative if (found := re.search(r"\.[cm]?[jt]sx?\Z", path))), "" if relative or syntax.language_of(source.path) != "javascript" else posixpath.splitext(home.path)[1])
    last = imports[-1]
    statement = syntax.text(last).decode("utf-8", "replace")
    quote = "'" if "'" in statement else '"'
    end = ";" if statement.rstrip().endswith(";") else ""
    return function, (_insert(source, last.end_byte, f"{newline_of(source)}import {{ {function} }} from {quote}{stem}{ending}{quote}{end}"),)


def _insert(source: SourceFile, at: int, text: str) -> Edit:
    return Edit(Span(source.path, at, at), text)


def with_import(written: Written, edits: tuple[Edit, ...]) -> Written:
    """A fix together with the import that it needs. That the two files do not import each other is not looked for, so it is a guess."""
    return written if not edits else Written((*edits, *written.edits), f"{written.description}, and import it", sure=False)
