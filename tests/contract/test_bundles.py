"""Variables that a bundler puts in when it builds, and that come before or after that."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from stigmer_lint.knowledge.bundlers import BUNDLES

Found = list[tuple[str, str, int, str]]
Findings = Callable[[dict[str, str]], Found]

BUILD = "FROM node:22 AS build\nWORKDIR /app\nCOPY package.json ./\nCOPY src src\n{}RUN {}\n\nFROM {}\nCOPY --from=build /app/dist /www\n{}"
COMPOSE = "services:\n  web:\n    build: {}\n    environment:\n      {}: {}\n{}"
CODE = {"web/src/api.js": "export const api = import.meta.env.VITE_API_URL;\n", "web/package.json": "{}\n"}


def vite(before: str = "", run: str = "npm run build", base: str = "nginx:1.27", after: str = "", value: str = "https://api.example.com", more: str = "") -> dict[str, str]:
    return {**CODE, "web/Dockerfile": BUILD.format(before, run, base, after), "compose.yaml": COMPOSE.format("web", "VITE_API_URL", value, more)}


TOLD = [("STG204", "compose.yaml", 5, "VITE_API_URL")]


@pytest.mark.parametrize(
    "tree",
    [
        vite(), vite(value="${VITE_API_URL}"), vite(run="yarn --frozen-lockfile && yarn build"), vite(run="pnpm --filter web run build"), vite(run="npx vite build"),
        vite(base="node:22", after='CMD ["npx", "serve", "-s", "/www"]\n'), vite(base="node:22", after="CMD npm run preview\n"), vite(before="ARG VITE_OTHER\n"),
    ],
)
def test_what_comes_after_the_build_does_not_reach_the_browser(findings: Findings, tree: dict[str, str]) -> None:
    assert findings(tree) == TOLD


@pytest.mark.parametrize(
    "tree",
    [
        vite(before="ARG VITE_API_URL\n"), vite(before="ENV VITE_API_URL=x\n"), vite(run="VITE_API_URL=x npm run build"), vite(before="RUN cp .env.example .env\n"),
        # Nothing is built, something puts it in later, a server that may read it, a server for developers.
        vite(run="npm ci"), vite(after="COPY env.sh /docker-entrypoint.d/\n"), vite(after='ENTRYPOINT ["/start.sh"]\n'), vite(after="CMD envsubst < a > b && nginx\n"),
        vite(base="node:22", after='CMD ["node", "server.js"]\n'), vite(base="node:22", after="CMD npm run dev\n"), vite(more="    command: npm run dev\n"),
        vite(more="    volumes: ['./env.sh:/docker-entrypoint.d/env.sh']\n"), vite(more="    volumes: ['./web:/app']\n"),
    ],
)
def test_what_may_be_there_in_time_is_not_told(findings: Findings, tree: dict[str, str]) -> None:
    assert findings(tree) == []


def test_an_env_file_in_the_folder_of_the_build_is_found_by_the_bundler(findings: Findings) -> None:
    tree = {name.removeprefix("web/"): text for name, text in vite().items()}
    assert findings({**tree, "compose.yaml": COMPOSE.format(".", "VITE_API_URL", "${VITE_API_URL}", "")}) == []
    assert findings({**tree, "compose.yaml": COMPOSE.format(".", "VITE_API_URL", "https://api.example.com", "")}) == TOLD


def test_a_package_may_hand_them_over_when_the_program_starts(findings: Findings) -> None:
    assert findings({**vite(), "web/package.json": '{"dependencies": {"vite-runtime-env": "1"}}\n'}) == []


NEXT = "FROM node:22 AS build\nWORKDIR /app\nCOPY . .\n{}RUN npm run build\n\nFROM node:22\nCOPY --from=build /app /app\n{}CMD [\"node\", \"server.js\"]\n"


@pytest.mark.parametrize(
    ("path", "told"), [("src/components/ask.tsx", True), ("src/hooks/api.ts", True), ("src/app/page.tsx", False), ("src/app/api/ask/route.ts", False), ("src/lib/server/api.ts", False), ("next.config.js", False)],
)
def test_what_a_server_reads_itself_it_has_in_time(findings: Findings, path: str, told: bool) -> None:
    code = {f"web/{path}": "export const api = process.env.NEXT_PUBLIC_API_URL;\n", "web/package.json": "{}\n"}
    tree = {**code, "web/Dockerfile": NEXT.format("", ""), "compose.yaml": COMPOSE.format("web", "NEXT_PUBLIC_API_URL", "https://api.example.com", "")}
    assert findings(tree) == ([("STG204", "compose.yaml", 5, "NEXT_PUBLIC_API_URL")] if told else [])
    # A server that renders a page reads it as well, and hands it on.
    assert findings({**tree, "web/src/app/layout.tsx": code[f"web/{path}"]}) == []


NAMES = ("NEXT_PUBLIC_A_URL", "NEXT_PUBLIC_B_URL", "NEXT_PUBLIC_C_URL", "NEXT_PUBLIC_MODES")
READ = {"web/src/hooks/names.ts": "".join(f"export const {name} = process.env.{name};\n" for name in NAMES), "web/package.json": "{}\n"}
ARGS = "".join(f"ARG {name}\n" for name in NAMES[:3])
LAUNCH = {"compose.yaml": "services:\n  web:\n    build: web\n"}


@pytest.mark.parametrize(("after", "line"), [("ENV NEXT_PUBLIC_MODES=x\n", 11), ("ENV MODES=x\n", None), ("ENV NEXT_PUBLIC_A_URL=x\n", None)])
def test_what_a_later_stage_sets(findings: Findings, after: str, line: int | None) -> None:
    found = findings({**READ, **LAUNCH, "web/Dockerfile": NEXT.format(ARGS, after)})
    assert [one for one in found if one[3] == "NEXT_PUBLIC_MODES"] == ([("STG204", "web/Dockerfile", line, "NEXT_PUBLIC_MODES")] if line else [])


@pytest.mark.parametrize(
    ("arguments", "sample", "told"),
    [
        (ARGS, "NEXT_PUBLIC_MODES=one\n", True),
        (ARGS, "# NEXT_PUBLIC_MODES=one\n", False),
        (ARGS, "MODES=one\n", False),
        ("ARG NEXT_PUBLIC_A_URL\n", "NEXT_PUBLIC_MODES=one\n", False),
        (ARGS + "ARG NEXT_PUBLIC_MODES\n", "NEXT_PUBLIC_MODES=one\n", False),
    ],
)
def test_what_the_build_of_a_bundle_forgets(findings: Findings, arguments: str, sample: str, told: bool) -> None:
    found = findings({**READ, **LAUNCH, "web/Dockerfile": NEXT.format(arguments, ""), "web/.env.example": sample})
    assert found == ([("STG203", "web/Dockerfile", 7, "NEXT_PUBLIC_MODES")] if told else [])


@pytest.mark.parametrize(
    ("line", "built"),
    [
        ("npm run build", True), ("pnpm --filter=web -r build", True), ("yarn workspace web build:prod", True), ("bun --cwd web run build", True), ("npx turbo run build --filter=web", True),
        ("npm ci", False), ("npm install build", False), ("yarn add build", False), ("npm run build-docs", False), ("npm test && make build", False), ("docker build .", False),
    ],
)
def test_a_command_that_builds_a_bundle(line: str, built: bool) -> None:
    assert (BUNDLES.search(line) is not None) is built


@pytest.mark.parametrize("piece", [" --filter=a", " --filter a", " -C a", " run", "\t-w", " npm", "npm "])
def test_many_flags_are_read_in_linear_time(piece: str) -> None:
    began = time.process_time()
    BUNDLES.search("npm" + piece * 5000 + " x")
    assert time.process_time() - began < 2
