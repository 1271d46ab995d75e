"""Where JavaScript module specifiers lead inside a tree."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterable

import pytest

from stigmer_lint.flow.ir import Unit
from stigmer_lint.frontends.javascript import JavaScriptFrontend
from stigmer_lint.frontends.javascript_modules import parse_json
from stigmer_lint.model.span import SourceFile


class Files:
    """A tree in memory."""

    def __init__(self, files: dict[str, str]) -> None:
        self.files = {path: SourceFile(path, text.encode()) for path, text in files.items()}

    def source(self, path: str) -> SourceFile | None:
        return self.files.get(path)

    def has(self, path: str) -> bool:
        return path in self.files

    def folder(self, path: str) -> Iterable[str]:
        return [one for one in self.files if posixpath.dirname(one) == path]

    def named(self, name: str) -> Iterable[str]:
        return sorted((one for one in self.files if posixpath.basename(one) == name), key=len)


def located(files: dict[str, str] | list[str], importer: str, module: str) -> tuple[str, ...]:
    tree = Files(files if isinstance(files, dict) else dict.fromkeys(files, ""))
    language = "javascript" if importer.endswith("js") else "typescript"
    return JavaScriptFrontend(language).locate(tree, Unit(importer, language), module)


@pytest.mark.parametrize(
    ("files", "importer", "module", "found"),
    [
        (["src/b.ts"], "src/a.ts", "./b", "src/b.ts"),
        (["src/b.ts"], "src/a.ts", "./b.js", "src/b.ts"),
        (["src/b.ts", "src/b.js"], "src/a.ts", "./b.js", "src/b.ts"),
        (["src/b.ts", "src/b.js"], "src/a.js", "./b.js", "src/b.js"),
        (["src/b.mts"], "src/a.mts", "./b.mjs", "src/b.mts"),
        (["src/b.service.ts"], "src/a.ts", "./b.service", "src/b.service.ts"),
        (["lib/index.js"], "src/a.js", "../lib", "lib/index.js"),
        (["index.ts"], "src/a.ts", "..", "index.ts"),
        (["src/index.ts"], "src/a.ts", ".", "src/index.ts"),
        (["b.ts"], "a.ts", "./b?raw", "b.ts"),
        (["src/lib/b.ts"], "src/a.ts", "@/lib/b", "src/lib/b.ts"),
    ],
)
def test_relative_specifiers_find_the_source_file(files: list[str], importer: str, module: str, found: str) -> None:
    assert located(files, importer, module) == (found,)


@pytest.mark.parametrize("module", ["../../b", "/etc/passwd", "./data.json", "./none", "fs", "node:fs", "https://x/b", "", "\\b", "../src/../../b"])
def test_nothing_outside_the_tree_and_no_library_is_found(module: str) -> None:
    assert located(["b.ts", "src/data.json"], "src/a.ts", module) == ()


def test_tsconfig_paths_with_comments_and_the_longest_prefix() -> None:
    files = {
        "tsconfig.json": '{ // aliases\n "compilerOptions": { "baseUrl": "./src", "paths": { "@/*": ["*"], "@/lib/*": ["../vendor/*", "./lib/*",], } },\n}',
        "src/x.ts": "", "src/lib/y.ts": "", "src/plain.ts": "", "app/deep/a.ts": "",
    }
    assert located(files, "app/deep/a.ts", "@/x") == ("src/x.ts",)
    assert located(files, "app/deep/a.ts", "@/lib/y") == ("src/lib/y.ts",)
    assert located(files, "app/deep/a.ts", "plain") == ("src/plain.ts",)


def test_tsconfig_extends_and_references_are_followed_and_cycles_end() -> None:
    base = json.dumps({"compilerOptions": {"paths": {"~lib/*": ["./shared/*"]}}, "extends": "./web/tsconfig.json"})
    files = {
        "base.json": base, "web/tsconfig.json": '{"extends": "../base.json"}', "shared/x.ts": "",
        "ui/tsconfig.json": '{"files": [], "references": [{"path": "./tsconfig.app.json"}]}',
        "ui/tsconfig.app.json": '{"compilerOptions": {"paths": {"#ui/*": ["./src/*"]}}}', "ui/src/y.ts": "",
    }
    assert located(files, "web/a.ts", "~lib/x") == ("shared/x.ts",)
    assert located(files, "ui/src/a.ts", "#ui/y") == ("ui/src/y.ts",)


@pytest.mark.parametrize(
    ("package", "files", "module", "found"),
    [
        ({"name": "@x/p", "main": "dist/index.js"}, ["src/index.ts"], "@x/p", "src/index.ts"),
        ({"name": "@x/p", "exports": {".": {"types": "./src/main.ts"}}}, ["src/main.ts", "src/index.ts"], "@x/p", "src/main.ts"),
        ({"name": "@x/p", "exports": "./dist/main.js"}, ["src/main.ts"], "@x/p", "src/main.ts"),
        ({"name": "p", "main": "./lib/p.js"}, ["lib/p.js"], "p", "lib/p.js"),
        ({"name": "p"}, ["index.js"], "p", "index.js"),
        ({"name": "@x/p"}, ["src/sub.ts"], "@x/p/sub", "src/sub.ts"),
        ({"name": "@x/p", "exports": {"./*": "./dist/*.js"}}, ["src/sub/a.ts"], "@x/p/sub/a", "src/sub/a.ts"),
        ({"name": "@x/p", "exports": {"./sub": [{"import": "./lib/s.mjs"}]}}, ["lib/s.mjs"], "@x/p/sub", "lib/s.mjs"),
    ],
)
def test_workspace_packages_lead_to_their_source(package: dict[str, object], files: list[str], module: str, found: str) -> None:
    tree = {"packages/p/package.json": json.dumps(package), **{f"packages/p/{one}": "" for one in files}}
    assert located(tree, "apps/a.ts", module) == (f"packages/p/{found}",)


def test_package_imports_are_those_of_the_nearest_package() -> None:
    files = {"app/package.json": '{"imports": {"#db": "./src/db.ts", "#lib/*": "./src/lib/*.js"}}', "app/src/db.ts": "", "app/src/lib/x.ts": ""}
    assert located(files, "app/src/a.ts", "#db") == ("app/src/db.ts",)
    assert located(files, "app/src/a.ts", "#lib/x") == ("app/src/lib/x.ts",)
    assert located(files, "app/src/a.ts", "#none") == ()


@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 100_000, '{"a": "' + "\\" * 99_999, "/*" * 50_000, '"' * 50_001, ", " * 50_000])
def test_configuration_that_is_no_json_object_is_ignored(text: str) -> None:
    assert parse_json(text.encode()) is None


def test_comment_signs_in_strings_stay() -> None:
    assert parse_json(b'\xef\xbb\xbf{"a": "//x", /* c */ "b/*": ["*,]",],}') == {"a": "//x", "b/*": ["*,]"]}


def test_paths_that_lead_outside_are_not_followed() -> None:
    files = {"src/tsconfig.json": '{"extends": "../../x.json", "compilerOptions": {"baseUrl": "../..", "paths": {"a": ["../../b"]}}}', "b.ts": ""}
    assert located(files, "src/a.ts", "a") == ()
