"""Scripts inside other files: what becomes a function, what is set before it, and where it is written."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from stigmer_lint.errors import UnreadableError
from stigmer_lint.flow import walk
from stigmer_lint.flow.ir import FunctionDecl, Str, Unit
from stigmer_lint.frontends.scripts import embedded, embeds_scripts
from stigmer_lint.model.span import SourceFile

Lines = Callable[[FunctionDecl | None], list[str]]


class NoFiles:
    def source(self, path: str) -> SourceFile | None:
        return None

    def has(self, path: str) -> bool:
        return False

    def folder(self, path: str) -> tuple[str, ...]:
        return ()

    def named(self, name: str) -> tuple[str, ...]:
        return ()


def unit_of(path: str, text: str) -> Unit:
    unit = embedded(SourceFile(path, text.encode()), NoFiles())
    assert unit is not None
    assert unit.module is not None
    assert unit.module.body.stmts == ()
    return unit


WORKFLOW = """\
on: {workflow_call: {inputs: {image: {default: ghcr.io/x}}}}
env:
  OLLAMA: http://localhost:11434 # é
jobs:
  test:
    runs-on: ubuntu-latest
    strategy: {matrix: {v: [a, b]}}
    env: {H: "x-${{ env.OLLAMA }}"}
    steps:
      - uses: actions/checkout@v4
      - name: Start
        env:
          T: ${{ secrets.T }}
        run: |
          docker run -d \\
            -e "A=$OLLAMA" -e 'T=${{ env.H || 'd' }}' \\
            ${{ inputs.image }}:${{ matrix.v }}
          echo é >> "$GITHUB_ENV"
      - run: docker ps
      - run: Get-Item
        shell: pwsh
  mac:
    runs-on: [self-hosted, macOS]
    steps:
      - id: one
        run: "docker run -e \\"A=b\\" img"
"""


def test_workflow_steps_follow_the_variables_around_them(lines: Lines) -> None:
    unit = unit_of(".github/workflows/ci.yml", WORKFLOW)
    assert list(unit.functions) == ["test/Start", "test/step 3", "mac/one"]
    assert lines(unit.functions["test/Start"]) == [
        "$platform = 'linux'",
        "export OLLAMA = 'http://localhost:11434'",
        "export H = 'x-' + OLLAMA",
        "export T = <${{ secrets.T }}>",
        "$docker('run', '-d', '-e', 'A=' + OLLAMA, '-e', 'T=' + (H || 'd'), (<${{ inputs.image }}> || 'ghcr.io/x') + ':' + Cond~)",
        "$echo('é')",
    ]
    assert lines(unit.functions["mac/one"]) == [
        "$platform = 'macos'", "export OLLAMA = 'http://localhost:11434'", "$docker('run', '-e', 'A=b', 'img')"
    ]


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_places_are_those_in_the_yaml(newline: str) -> None:
    text = WORKFLOW.replace("\n", newline)
    data = text.encode()
    unit = unit_of(".github/workflows/ci.yml", text)
    found = {data[slice(*place.expr.span)] for decl in unit.functions.values() for place in walk.places(decl) if isinstance(place.expr, Str)}
    assert {b"http://localhost:11434", b"A=", b"T=", b"\xc3\xa9", b"ghcr.io/x", b"A=b", b"img", b"ps"} <= found


def test_composite_actions(lines: Lines) -> None:
    text = "inputs:\n  url:\n    default: http://localhost:1\nruns:\n  using: composite\n  steps:\n    - run: docker run -e U=${{ inputs.url }} i\n      shell: bash\n"
    unit = unit_of("start/action.yml", text)
    assert lines(unit.functions["step 1"]) == ["$docker('run', '-e', 'U=' + (<${{ inputs.url }}> || 'http://localhost:1')~, 'i')"]


def test_variables_written_for_later_steps_reach_them(lines: Lines) -> None:
    text = """\
jobs:
  j:
    steps:
      - run: |
          echo "H=http://$X:1" >> $GITHUB_ENV
          echo "N=1"
      - run: docker run -e H img
"""
    assert lines(unit_of(".github/workflows/a.yml", text).functions["j/step 2"]) == ["export H = 'http://' + X + ':1'", "$docker('run', '-e', 'H', 'img')"]


def test_gitlab_jobs_share_one_shell_with_what_comes_before(lines: Lines) -> None:
    text = """\
variables: {H: localhost, U: "http://$H:1", D: {value: x, description: y}}
default:
  before_script: [export A=1]
.base: &base
  - docker login
run:
  variables: {P: $$x}
  script:
    - *base
    - docker run -e A "$U"
  after_script: docker stop
"""
    unit = unit_of(".gitlab-ci.yml", text)
    around = ["export H = 'localhost'", "export U = 'http://' + H + ':1'", "export D = 'x'", "export P = '$' + 'x'"]
    assert lines(unit.functions["run"]) == [*around, "export A = '1'", "$docker('login')", "$docker('run', '-e', 'A', U)"]
    assert lines(unit.functions["run/after_script"]) == [*around, "$docker('stop')"]


def test_package_scripts(lines: Lines) -> None:
    text = '{\n\t"name": "x",\n\t"scripts": {\n\t\t"up": "A=1 docker run -e A=\\"b c\\" img && echo ok"\n\t}\n}\n'
    unit = unit_of("web/package.json", text)
    assert lines(unit.functions["up"]) == ["if 'A'='1' $docker('run', '-e', 'A=' + 'b c', 'img') {$echo('ok')}"]
    assert "b c" in {text[slice(*p.expr.span)] for p in walk.places(unit.functions["up"]) if isinstance(p.expr, Str)}


def test_tasks(lines: Lines) -> None:
    text = """\
version: "3"
vars: {IMG: "x:{{.TAG}}", SHA: {sh: git rev-parse HEAD}}
env: {A: b}
tasks:
  run:
    vars: {N: '{{.M | default "m"}}'}
    cmds:
      - X=1; docker run -e X {{.IMG}} {{.CLI_ARGS}}
      - task: other
      - cmd: docker stop
        platforms: [darwin]
  short: docker ps
"""
    unit = unit_of("Taskfile.yml", text)
    around = ["IMG = 'x:' + TAG", "SHA = $(($git('rev-parse', 'HEAD'))", "export A = 'b'"]
    assert lines(unit.functions["run"]) == [
        *around, "N = (M || 'm')", "{X = '1'; $docker('run', '-e', 'X', IMG~, CLI_ARGS~)}()", "if $(($uname()) glob 'Darwin' {$docker('stop')}"
    ]
    assert lines(unit.functions["short"]) == [*around, "$docker('ps')"]


def test_procfiles(lines: Lines) -> None:
    unit = unit_of("Procfile.dev", "web: docker run -p $PORT:80 img\r\n# c\nworker: A=1 x\n")
    assert lines(unit.functions["web"]) == ["$docker('run', '-p', PORT + ':80'~, 'img')"]
    assert lines(unit.functions["worker"]) == ["'A'='1' $x()"]


@pytest.mark.parametrize(
    ("path", "text"),
    [("docker-compose.yml", "jobs: {a: {steps: [{run: x}]}}"), (".github/workflows/a.yml", "on: push"), ("package.json", "{}"), ("Procfile", "")],
)
def test_other_files_hold_no_scripts(path: str, text: str) -> None:
    assert embedded(SourceFile(path, text.encode()), NoFiles()) is None


def test_names_of_files_that_hold_scripts() -> None:
    names = (".github/workflows/a.yaml", "a/action.yml", ".gitlab-ci.yml", "package.json", "x/Taskfile.dist.yml", "Procfile")
    assert all(map(embeds_scripts, names))
    assert not any(map(embeds_scripts, ("workflows/a.yml", "compose.yml", "package-lock.json", "a.json")))


def test_what_is_no_yaml_is_refused() -> None:
    with pytest.raises(UnreadableError):
        embedded(SourceFile(".gitlab-ci.yml", b"a: ["), NoFiles())


@pytest.mark.parametrize("opening", ["${{", "{{", "${{ a || ", "echo '", "$("])
def test_templates_without_end_take_linear_time(opening: str) -> None:
    began = time.process_time()
    for path, text in ((".github/workflows/a.yml", "jobs: {j: {steps: [{run: %s}]}}"), ("Taskfile.yml", "tasks: {run: %s}")):
        unit_of(path, text % ('"' + opening.replace('"', "") * 50_000 + '"'))
    assert time.process_time() - began < 5


def test_many_steps_under_many_variables_take_bounded_time() -> None:
    variables = "".join(f"  V{index}: x\n" for index in range(3000))
    steps = "      - {name: s, run: docker run}\n" * 3000
    began = time.process_time()
    unit = unit_of(".github/workflows/a.yml", f"env:\n{variables}jobs:\n  j:\n    steps:\n{steps}")
    assert time.process_time() - began < 5
    assert len(unit.functions) == 3000


@pytest.mark.parametrize(
    ("runs_on", "matrix", "platform"),
    [
        ("builder-8x16", "", "linux"), ("[self-hosted, x64]", "", "linux"), ("{group: big}", "", None), ("{labels: [gpu]}", "", "linux"),
        ("${{ matrix.big && 'profile-8x16' || 'profile-4x8' }}", "strategy: {matrix: {big: [true]}}", "linux"),
        ("${{ matrix.os }}", "strategy: {matrix: {os: [ubuntu-24.04, runner-arm]}}", "linux"),
        ("${{ matrix.os }}", "strategy: {matrix: {os: [ubuntu-24.04, macos-15]}}", None), ("${{ matrix.os }}", "strategy: {matrix: {include: [{os: windows-2025}]}}", None),
        ("${{ inputs.runner }}", "", None), ("${{ fromJSON(needs.a.outputs.b) }}", "", None), ("mac-mini", "", None), ("office-mac", "", None), ("[self-hosted, macOS]", "", "macos"),
    ],
)  # fmt: skip
def test_a_runner_is_linux_unless_something_speaks_of_another(lines: Lines, runs_on: str, matrix: str, platform: str | None) -> None:
    unit = unit_of(".github/workflows/ci.yml", f"jobs:\n  a:\n    runs-on: {runs_on}\n    {matrix}\n    steps:\n      - run: docker run x\n")
    said = [line for line in lines(unit.functions["a/step 1"]) if line.startswith("$platform")]
    assert said == ([f"$platform = '{platform}'"] if platform else [])
