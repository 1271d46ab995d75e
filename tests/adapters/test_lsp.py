"""The language server, spoken to by a client of its own over standard input and output."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

pygls = pytest.importorskip("pygls", reason="the language server's tests need pygls (the dependency group `dev` has it)")
from lsprotocol import types  # noqa: E402
from pygls.lsp.client import LanguageClient  # noqa: E402

URL = "http://localhost:11434"
BAD = f'import subprocess\n\n\nsubprocess.run(["docker", "run", "-e", "LLM_URL={URL}", "x/y"], check=True)\n'


class Session:
    """A client with what it was told, by path."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.client = LanguageClient("test", "1")
        self.told: dict[str, list[Any]] = {}
        self.said: list[str] = []
        self.news = asyncio.Event()
        self.client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)(lambda params: self._diagnostics(params))
        self.client.feature(types.WINDOW_SHOW_MESSAGE)(lambda params: self._message(params))

    def _diagnostics(self, params: Any) -> None:
        self.told[Path(params.uri.removeprefix(self.root.as_uri() + "/")).as_posix()] = list(params.diagnostics)
        self.news.set()

    def _message(self, params: Any) -> None:
        self.said.append(params.message)
        self.news.set()

    def uri(self, path: str) -> str:
        return (self.root / path).as_uri()

    async def until(self, done: Callable[[], bool]) -> None:
        async with asyncio.timeout(60):
            while not done():
                self.news.clear()
                await self.news.wait()

    def open(self, path: str, text: str) -> None:
        item = types.TextDocumentItem(self.uri(path), "x", 1, text)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))

    def change(self, path: str, text: str, version: int) -> None:
        identity = types.VersionedTextDocumentIdentifier(version, self.uri(path))
        whole = types.TextDocumentContentChangeWholeDocument(text)
        self.client.text_document_did_change(types.DidChangeTextDocumentParams(identity, [whole]))

    def save(self, path: str) -> None:
        self.client.text_document_did_save(types.DidSaveTextDocumentParams(types.TextDocumentIdentifier(self.uri(path))))

    def codes(self, path: str) -> list[str]:
        return [str(one.code) for one in self.told.get(path, [])]

    async def actions(self, path: str) -> list[Any]:
        diagnostics = self.told[path]
        found = await self.client.text_document_code_action_async(
            types.CodeActionParams(types.TextDocumentIdentifier(self.uri(path)), diagnostics[0].range, types.CodeActionContext(diagnostics))
        )
        return list(found or [])

    async def hover(self, path: str, line: int, column: int) -> Any:
        return await self.client.text_document_hover_async(types.HoverParams(types.TextDocumentIdentifier(self.uri(path)), types.Position(line, column)))


def session(root: Path, talk: Callable[[Session], Awaitable[None]], *options: str, encodings: list[str] | None = None) -> None:
    """Have a session with a server for the project at `root`."""
    (root / ".git").mkdir()

    async def whole() -> None:
        one = Session(root)
        await one.client.start_io(sys.executable, "-P", "-m", "stigmer_lint", "lsp", *options)
        general = types.GeneralClientCapabilities(position_encodings=encodings)
        await one.client.initialize_async(types.InitializeParams(capabilities=types.ClientCapabilities(general=general), root_uri=root.as_uri()))
        one.client.initialized(types.InitializedParams())
        try:
            await talk(one)
        finally:
            await one.client.shutdown_async(None)
            one.client.exit(None)
            await one.client.stop()

    asyncio.run(whole())


def applied(text: str, edits: list[Any]) -> str:
    """A text after edits that insert whole lines."""
    lines = text.splitlines(keepends=True)
    for edit in sorted(edits, key=lambda one: one.range.start.line, reverse=True):
        assert edit.range.start == edit.range.end
        lines.insert(edit.range.start.line, edit.new_text)
    return "".join(lines)


def test_what_the_editor_holds_is_checked_when_a_file_is_opened_and_saved(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("print()\n", encoding="utf-8")

    async def talk(one: Session) -> None:
        one.open("a.py", BAD)
        await one.until(lambda: one.codes("a.py") == ["STG101"])
        found = one.told["a.py"][0]
        assert BAD.splitlines()[found.range.start.line][found.range.start.character :].startswith(URL)
        assert found.source == "stigmer-lint"
        one.change("a.py", BAD.replace("localhost", "example.com"), 2)
        one.save("a.py")
        await one.until(lambda: one.told["a.py"] == [])

    session(tmp_path, talk)


def test_a_value_in_another_open_file_is_followed_and_a_closed_file_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text('import subprocess\nfrom b import URL\nsubprocess.run(["docker", "run", "-e", f"LLM_URL={URL}", "x/y"])\n', encoding="utf-8")
    (tmp_path / "b.py").write_text('URL = "http://example.com"\n', encoding="utf-8")

    async def talk(one: Session) -> None:
        one.open("a.py", (tmp_path / "a.py").read_text(encoding="utf-8"))
        await one.until(lambda: "a.py" in one.told)
        assert one.told["a.py"] == []
        one.open("b.py", f'URL = "{URL}"\n')
        await one.until(lambda: one.codes("a.py") + one.codes("b.py") == ["STG101"])
        (found,) = [*one.told.get("a.py", []), *one.told.get("b.py", [])]
        assert {info.location.uri for info in found.related_information} & {one.uri("a.py"), one.uri("b.py")}

    session(tmp_path, talk)


@pytest.mark.parametrize(("encodings", "count"), [(None, "utf-16-le"), (["utf-8"], "utf-8"), (["utf-32"], "utf-32-le")])
def test_columns_count_what_the_client_counts(encodings: list[str] | None, count: str, tmp_path: Path) -> None:
    line = f'subprocess.run(["docker", "run", "--label", "ü=\U0001f600日", "-e", "LLM_URL={URL}", "x/y"])'
    text = f'import subprocess\r\nx = "\U0001f600"\r\n{line}\r\n'

    async def talk(one: Session) -> None:
        one.open("a.py", text)
        await one.until(lambda: one.codes("a.py") == ["STG101"])
        (found,) = one.told["a.py"]
        width = {"utf-16-le": 2, "utf-8": 1, "utf-32-le": 4}[count]
        assert found.range.start.line == found.range.end.line == 2
        assert found.range.start.character == len(line[: line.index(URL)].encode(count)) // width
        assert found.range.end.character == found.range.start.character + len(URL)
        action = next(action for action in await one.actions("a.py") if action.title.startswith("Ignore "))
        ((_, (edit,)),) = action.edit.changes.items()
        assert edit.new_text.endswith("\r\n")

    session(tmp_path, talk, encodings=encodings)


def test_a_finding_is_explained_where_the_pointer_is(tmp_path: Path) -> None:
    async def talk(one: Session) -> None:
        one.open("a.py", BAD)
        await one.until(lambda: bool(one.told.get("a.py")))
        start = one.told["a.py"][0].range.start
        text = (await one.hover("a.py", start.line, start.character + 2)).contents.value
        assert "STG101" in text
        assert "# loopback-in-container (STG101)" in text
        assert await one.hover("a.py", 0, 0) is None
        one.change("a.py", "\n\n\nx = 'a line that was not checked, and is long enough to be pointed at'\n", 2)
        assert await one.hover("a.py", start.line, start.character + 2) is None

    session(tmp_path, talk)


GO = f'package main\n\nimport "os/exec"\n\nfunc main() {{\n\texec.Command("docker", "run", "-e",\n\t\t"LLM_URL={URL}", "x/y").Run()\n}}\n'
SHELL = f"#!/bin/sh\ndocker run \\\n  -e LLM_URL={URL} \\\n  x/y\n"
COMPOSE = f"services:\n  a:\n    image: x/y\n    environment:\n      LLM_URL: {URL}\n"
SCRIPT = f'import {{ execSync }} from "child_process";\nexecSync(`docker run \\\n  -e LLM_URL={URL} \\\n  x/y`);\n'


@pytest.mark.parametrize(("path", "text"), [("a.py", BAD), ("main.go", GO), ("a.sh", SHELL), ("compose.yaml", COMPOSE), ("a.mjs", SCRIPT)])
def test_a_suppression_with_a_reason_silences_and_one_without_asks_for_it(path: str, text: str, tmp_path: Path) -> None:
    async def talk(one: Session) -> None:
        one.open(path, text)
        await one.until(lambda: one.codes(path) == ["STG101"])
        actions = [action for action in await one.actions(path) if action.title.startswith("Ignore ")]
        assert [action.title for action in actions] == [
            "Ignore STG101 here: a server in the container itself listens there", "Ignore STG101 here: tests only", "Ignore STG101 here: write the reason",
        ]  # fmt: skip
        one.change(path, applied(text, actions[1].edit.changes[one.uri(path)]), 2)
        one.save(path)
        await one.until(lambda: one.told[path] == [])
        one.change(path, applied(text, actions[2].edit.changes[one.uri(path)]), 3)
        one.save(path)
        await one.until(lambda: sorted(one.codes(path)) == ["STG101", "STG901"])

    session(tmp_path, talk)


def test_secrets_are_masked_wherever_they_would_show(tmp_path: Path) -> None:
    secret = "hunter2hunter2"
    text = BAD.replace(URL, f"postgres://admin:{secret}@localhost:5432/db").replace("LLM_URL", "DATABASE_URL")

    async def talk(one: Session) -> None:
        one.open("a.py", text)
        await one.until(lambda: one.codes("a.py") == ["STG101"])
        (found,) = one.told["a.py"]
        assert secret not in str(found)
        assert secret not in str(await one.hover("a.py", found.range.start.line, found.range.start.character))
        assert secret not in str([action.title for action in await one.actions("a.py")])

    session(tmp_path, talk)


def test_a_policy_that_is_wrong_is_said_and_the_session_goes_on(tmp_path: Path) -> None:
    (tmp_path / "stigmer-lint.yaml").write_text("version: 1\nservises: {}\n", encoding="utf-8")

    async def talk(one: Session) -> None:
        one.open("a.py", BAD)
        await one.until(lambda: bool(one.said))
        assert "stigmer-lint.yaml:2" in one.said[0]
        (tmp_path / "stigmer-lint.yaml").write_text("version: 1\n", encoding="utf-8")
        one.save("a.py")
        await one.until(lambda: one.codes("a.py") == ["STG101"])

    session(tmp_path, talk)


def test_a_repair_of_a_finding_is_offered_and_applies_to_the_text_that_was_checked(tmp_path: Path) -> None:
    from msgspec.structs import replace
    from pygls.workspace import Workspace

    from stigmer_lint.adapters import lsp_server
    from stigmer_lint.model.span import Span
    from stigmer_lint.report.types import Edit, Fix
    from stigmer_lint.report.view import View

    (tmp_path / "a.py").write_text(BAD, encoding="utf-8")
    server = lsp_server.Server(None, "medium")
    workspace = server.protocol.protocol._workspace = Workspace(tmp_path.as_uri())
    report = server._judged(tmp_path, [])
    (one,) = report.findings
    at = BAD.index("localhost")
    fix = Fix("Name the host's alias", "safe", (Edit(Span("a.py", at, at + 9), "host.docker.internal"),))
    shown = View(report).show(replace(one, fix=fix))
    server._sources[str(tmp_path)] = report.sources
    repair = server._repair(str(tmp_path), shown)
    ((_, (edit,)),) = repair.changes.items()
    line = BAD.splitlines()[edit.range.start.line]
    assert line[edit.range.start.character : edit.range.end.character] == "localhost"
    assert edit.new_text == "host.docker.internal"
    workspace.put_text_document(types.TextDocumentItem((tmp_path / "a.py").as_uri(), "python", 1, BAD + "\n"))
    assert server._repair(str(tmp_path), shown) is None


def test_without_pygls_one_line_says_what_to_install() -> None:
    code = "import sys; sys.modules['pygls'] = None; sys.modules['lsprotocol'] = None; from stigmer_lint.cli import run; sys.exit(run(['lsp']))"
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "stigmer-lint: The language server needs pygls: pip install 'stigmer-lint[lsp]'.\n"


def test_a_session_ends_quietly_with_success(tmp_path: Path) -> None:
    said = (
        {"id": 1, "method": "initialize", "params": {"processId": None, "rootUri": tmp_path.as_uri(), "capabilities": {}}}, {"method": "initialized", "params": {}},
        {"id": 2, "method": "shutdown"}, {"method": "exit"},
    )  # fmt: skip
    texts = [json.dumps({"jsonrpc": "2.0", **one}) for one in said]
    sent = "".join(f"Content-Length: {len(text)}\r\n\r\n{text}" for text in texts).encode()
    done = subprocess.run([sys.executable, "-P", "-m", "stigmer_lint", "lsp"], cwd=tmp_path, input=sent, capture_output=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b'"id":2' in done.stdout.replace(b" ", b"")
