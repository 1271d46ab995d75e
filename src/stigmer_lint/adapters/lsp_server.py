"""A language server: `check`'s findings in an editor, with what it holds unsaved in place of what is on disk.

The tree around an open file is checked when a file is opened, saved or closed. The engine is the command's, and so is every rule.
"""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files as resources
from pathlib import Path
from typing import Any, Final

import msgspec
from lsprotocol import types
from pygls.lsp.server import LanguageServer
from pygls.uris import from_fs_path, to_fs_path

from stigmer_lint import __version__
from stigmer_lint.adapters.lsp_text import Range, Units, markdown, message, range_of, suppression
from stigmer_lint.engine.discover import Files, find_root
from stigmer_lint.engine.judge import Options
from stigmer_lint.engine.run import survey
from stigmer_lint.errors import StigmerLintError
from stigmer_lint.fixes import attach
from stigmer_lint.flow.project import Project
from stigmer_lint.model.span import SourceFile
from stigmer_lint.policy.find import find_policy
from stigmer_lint.policy.load import load_policy
from stigmer_lint.policy.types import NO_POLICY
from stigmer_lint.report.escape import paragraph, plain
from stigmer_lint.report.types import Report
from stigmer_lint.report.view import Note, Shown, View
from stigmer_lint.rule import RuleEntry
from stigmer_rules import RULES

_SOURCE: Final = "stigmer-lint"
_SEVERITIES: Final = {
    "error": types.DiagnosticSeverity.Error,
    "warning": types.DiagnosticSeverity.Warning,
    "note": types.DiagnosticSeverity.Information,
}
_ABOUT_THE_RUN: Final = "STG9"
"""Findings about comments and files cannot be suppressed by a comment."""
REASONS: Final = (
    ("a server in the container itself listens there", "a server in the container itself listens there"),
    ("tests only", "used in tests only"),
    ("write the reason", ""),
)
"""What a suppression may give as its reason, as (offered, written). Without one it suppresses nothing, and the editor shows what is missing."""
_STACK: Final = 64 << 20
"""Bytes for the thread that checks; following values is recursive, and some systems give a thread half a megabyte."""


class Seen(msgspec.Struct, frozen=True):
    """A finding as it was last published: with its place, and the text of its first line then."""

    shown: Shown
    range: Range
    line: str


class Server:
    """What is known of the editor's session. All but `_judged` runs in the event loop's thread."""

    def __init__(self, policy: str | None, min_confidence: str) -> None:
        self._policy = policy
        self._options = msgspec.convert({"min_confidence": min_confidence}, Options)
        self._rules: dict[str, RuleEntry] = {entry.rule.code: entry for entry in RULES}
        self._published: dict[str, dict[str, tuple[Seen, ...]]] = {}
        self._sources: dict[str, Mapping[str, SourceFile]] = {}
        self._uris: dict[str, str] = {}
        self._busy: set[str] = set()
        self._again: set[str] = set()
        threading.stack_size(_STACK)
        self._worker = ThreadPoolExecutor(1)
        server = self.protocol = LanguageServer(_SOURCE, __version__)
        # pygls notes the name of the feature on what it is given, which a bound method does not take.
        for feature in (types.TEXT_DOCUMENT_DID_OPEN, types.TEXT_DOCUMENT_DID_SAVE, types.TEXT_DOCUMENT_DID_CLOSE):

            async def changed(params: Any) -> None:
                await self.changed(params)

            server.feature(feature)(changed)
        server.feature(types.TEXT_DOCUMENT_HOVER)(lambda params: self.hover(params))
        kinds = types.CodeActionOptions(code_action_kinds=[types.CodeActionKind.QuickFix])
        server.feature(types.TEXT_DOCUMENT_CODE_ACTION, kinds)(lambda params: self.actions(params))

    # Notifications.

    async def changed(self, params: Any) -> None:
        """Check the project of the file that was opened, saved or closed, and publish what comes out."""
        path = to_fs_path(params.text_document.uri)
        if path is None or not Path(path).parent.is_dir():
            return
        root = str(find_root([path], Path(path).parent))
        if root in self._busy:
            self._again.add(root)
            return
        self._busy.add(root)
        try:
            wanted = True
            while wanted:
                self._again.discard(root)
                await self._refresh(root)
                wanted = root in self._again
        finally:
            self._busy.discard(root)

    async def _refresh(self, root: str) -> None:
        documents = {
            path: document for document in self.protocol.workspace.text_documents.values() if (path := _below(root, document.uri)) is not None
        }
        self._uris.update((str(Path(root) / path), document.uri) for path, document in documents.items())
        unsaved = [(path, document.source.encode("utf-8", "surrogatepass")) for path, document in documents.items()]
        versions = {path: document.version for path, document in documents.items()}
        loop = asyncio.get_running_loop()
        try:
            report = await loop.run_in_executor(self._worker, self._judged, Path(root), unsaved)
        except StigmerLintError as error:
            text = plain(" ".join(str(error).splitlines()))
            self.protocol.window_show_message(types.ShowMessageParams(type=types.MessageType.Error, message=f"stigmer-lint: {text}"))
            return
        self._publish(root, report, versions)

    def _judged(self, root: Path, unsaved: list[tuple[str, bytes]]) -> Report:
        found = self._policy or find_policy(root, root)
        policy = NO_POLICY if found is None else load_policy(str(found), root, rules={code: entry.rule.name for code, entry in self._rules.items()})
        files = Files(root, exclude=policy.policy.exclude, cwd=root, unsaved=unsaved)
        world, report = survey(root, policy=policy, rules=tuple(RULES), options=self._options, files=files)
        attach(world, report, files.source)
        return report

    def _publish(self, root: str, report: Report, versions: dict[str, int | None]) -> None:
        view = View(report)
        units = self._units()
        found: dict[str, list[Seen]] = {path: [] for path in versions}
        for shown in view.findings():
            span = shown.reported.finding.span
            source = report.sources.get(span.path)
            where = range_of(source, span, units)
            line = source.line_text(where.line + 1) if source is not None else ""
            found.setdefault(span.path, []).append(Seen(shown, where, line))
        for path in self._published.get(root, {}):
            found.setdefault(path, [])
        for path, here in found.items():
            diagnostics = [self._diagnostic(root, report, seen, units) for seen in here]
            self.protocol.text_document_publish_diagnostics(
                types.PublishDiagnosticsParams(uri=self._uri(root, path), diagnostics=diagnostics, version=versions.get(path))
            )
        self._published[root] = {path: tuple(here) for path, here in found.items() if here}
        self._sources[root] = report.sources

    def _diagnostic(self, root: str, report: Report, seen: Seen, units: Units) -> Any:
        shown = seen.shown

        def related(note: Note) -> Any:
            where = _range(range_of(report.sources.get(note.span.path), note.span, units))
            return types.DiagnosticRelatedInformation(types.Location(self._uri(root, note.span.path), where), paragraph(note.message))

        return types.Diagnostic(
            range=_range(seen.range),
            message=message(shown),
            severity=_SEVERITIES[shown.reported.severity],
            code=shown.code,
            source=_SOURCE,
            related_information=[related(note) for note in (*shown.trail, *shown.related)],
            data={"fingerprint": shown.reported.fingerprint},
        )

    # Requests.

    def hover(self, params: Any) -> Any:
        """The findings at a place, with their rules' pages; nothing where the line has changed since it was checked."""
        here = self._here(params.text_document.uri)
        if here is None:
            return None
        root, path = here
        line, column = params.position.line, params.position.character
        lines = _lines(self.protocol.workspace.get_text_document(params.text_document.uri).source)
        hit = [
            seen
            for seen in self._published.get(root, {}).get(path, ())
            if seen.range.holds(line, column) and seen.range.line < len(lines) and lines[seen.range.line] == seen.line
        ]
        if not hit:
            return None
        parts = [f"**{seen.shown.code}** {markdown(message(seen.shown))}" for seen in hit]
        for code in dict.fromkeys(seen.shown.code for seen in hit):
            package, _, module = self._rules[code].module.rpartition(".")
            parts.append(resources(package or "stigmer_rules").joinpath(f"{module}.md").read_text(encoding="utf-8"))
        return types.Hover(types.MarkupContent(types.MarkupKind.Markdown, "\n\n---\n\n".join(parts)), _range(hit[0].range))

    def actions(self, params: Any) -> list[Any]:
        """Repairs and suppressions for the findings that the editor asks about."""
        uri = params.text_document.uri
        here = self._here(uri)
        only = params.context.only
        if here is None or (only is not None and not any(kind in ("", types.CodeActionKind.QuickFix) for kind in only)):
            return []
        root, path = here
        text = self.protocol.workspace.get_text_document(uri).source
        known = {seen.shown.reported.fingerprint: seen for seen in self._published.get(root, {}).get(path, ())}
        found: list[Any] = []
        for diagnostic in params.context.diagnostics:
            if diagnostic.source != _SOURCE or diagnostic.code not in self._rules:
                continue
            seen = known.get(_fingerprint(diagnostic.data))
            if seen is not None and seen.shown.edits and seen.shown.reported.fix is not None:
                edit = self._repair(root, seen.shown)
                if edit is not None:
                    safe = seen.shown.reported.fix.safety == "safe"
                    found.append(_action(paragraph(seen.shown.reported.fix.description), diagnostic, edit, preferred=safe))
            if not diagnostic.code.startswith(_ABOUT_THE_RUN):
                found += self._suppressions(root, path, text, diagnostic, seen, uri)
        return found

    def _repair(self, root: str, shown: Shown) -> Any:
        """The edits of a repair, None where a file that they are for is not as it was when they were made."""
        changes: dict[str, list[Any]] = {}
        for edit in shown.edits:
            uri = self._uri(root, edit.span.path)
            source = self._sources[root].get(edit.span.path)
            if source is None or self.protocol.workspace.get_text_document(uri).source.encode("utf-8", "surrogatepass") != source.data:
                return None
            changes.setdefault(uri, []).append(types.TextEdit(_range(range_of(source, edit.span, self._units())), edit.text))
        return types.WorkspaceEdit(changes=changes)

    def _suppressions(self, root: str, path: str, text: str, diagnostic: Any, seen: Seen | None, uri: str) -> list[Any]:
        lines = _lines(text)
        at = [diagnostic.range.start.line]
        launch = seen.shown.reported.finding.launch if seen is not None else None
        if launch is not None and launch.span.path == path:
            # A finding inside a text of several lines: no comment can stand there, but one above the launch covers it.
            at.append(range_of(self._sources[root].get(path), launch.span, "utf-8").line)
        found: list[Any] = []
        for offered, reason in REASONS:
            for line in at:
                placed = suppression(path, lines, line, diagnostic.code, reason)
                if placed is None or not _is_comment(root, path, text, *placed):
                    continue
                before, comment = placed
                place = types.Position(before, 0)
                end = "\r\n" if "\r\n" in text else "\n"
                edit = types.WorkspaceEdit(changes={uri: [types.TextEdit(types.Range(place, place), comment + end)]})
                found.append(_action(f"Ignore {diagnostic.code} here: {offered}", diagnostic, edit))
                break
        return found

    # Names.

    def _here(self, uri: str) -> tuple[str, str] | None:
        # A repository may lie inside another.
        for root in sorted(self._sources, key=len, reverse=True):
            path = _below(root, uri)
            if path is not None:
                return root, path
        return None

    def _units(self) -> Units:
        encoding = self.protocol.workspace.position_encoding
        units: Units = msgspec.convert(str(getattr(encoding, "value", encoding)), Units)
        return units

    def _uri(self, root: str, path: str) -> str:
        """The editor's own name of a file that is open, for it may be written in several ways."""
        place = str(Path(root) / path)
        return self._uris.get(place) or str(from_fs_path(place))


def _lines(text: str) -> list[str]:
    """The lines as the protocol counts them, without their ends."""
    return re.split(r"\r\n|\r|\n", text)


def _is_comment(root: str, path: str, text: str, before: int, comment: str) -> bool:
    """Whether a line put into a file is a comment there, rather than a part of a text; True for kinds of file whose comments the line tells."""
    lines = re.split(r"(?<=\n)|(?<=\r)(?!\n)", text)
    data = "".join([*lines[:before], f"{comment}\n", *lines[before:]]).encode("utf-8", "surrogatepass")
    files = Files(Path(root), overlay=(path, data), cwd=Path(root), alone=True)
    unit = Project(files, lambda _needle, _suffixes: iter(())).unit(path)
    source = files.source(path)
    if unit is None or unit.comments is None or source is None:
        return True
    return unit.comments(source.line_starts[before] + len(comment.encode()) - 1)


def _action(title: str, diagnostic: Any, edit: Any, preferred: bool = False) -> Any:
    return types.CodeAction(title=title, kind=types.CodeActionKind.QuickFix, diagnostics=[diagnostic], edit=edit, is_preferred=preferred or None)


def _fingerprint(data: Any) -> str:
    value = data.get("fingerprint") if isinstance(data, dict) else getattr(data, "fingerprint", None)
    return value if isinstance(value, str) else ""


def _range(range_: Range) -> Any:
    return types.Range(types.Position(range_.line, range_.column), types.Position(range_.end_line, range_.end_column))


def _below(root: str, uri: str) -> str | None:
    """The path in the project of a document, None where it is elsewhere or no file."""
    path = to_fs_path(uri) if uri.startswith("file:") else None
    if path is None:
        return None
    try:
        return (Path(path).parent.resolve() / Path(path).name).relative_to(root).as_posix()
    except ValueError:
        return None


def serve(policy: str | None, min_confidence: str) -> None:
    """Serve one editor over standard input and output until it ends the session."""
    Server(policy, min_confidence).protocol.start_io()
