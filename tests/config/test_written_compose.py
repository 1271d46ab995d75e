"""Compose files that programs write, read where they stand."""

from __future__ import annotations

import time
from typing import Any

import pytest

from stigmer_lint.frontends.written_compose import is_written, read_written
from stigmer_lint.model.launch import Launch
from stigmer_lint.model.value import Known, render


def _read(texts: Any, path: str, text: str | bytes) -> tuple[Any, list[Launch]]:
    tree = texts({path: text})
    assert is_written(path)
    return tree, list(read_written(tree, [path]))


def _env(launch: Launch) -> dict[str, str]:
    return {setting.name: render(setting.value) for setting in launch.any.env}


SHELL = """\
#!/bin/sh
port=11434
for name in a b; do :; done
secret=$(head -c 21 /dev/urandom)
cat <<EOF >"$dir/compose.yaml"
services:
  api:
    image: acme/api
    environment:
      A: http://localhost:$port
      B: \\${HOST:-127.0.0.1}
      C: $(hostname)x
      D: $secret
      E: $name
  db:
    image: postgres:16
EOF
cat <<EOF
services:
  shown:
    image: to/people
EOF
"""


def test_a_here_document_that_is_kept_is_a_project(texts: Any) -> None:
    tree, found = _read(texts, "install.sh", SHELL)
    assert [one.service for one in found] == ["api", "db"]
    env = _env(found[0])
    assert env["A"] == "http://localhost:11434"
    assert "127.0.0.1" in env["B"]
    assert not any(isinstance(setting.value, Known) for setting in found[0].any.env if setting.name in ("C", "D", "E"))
    assert tree.shown(found[0].span) == "api"
    assert found[0].group == found[1].group != "install.sh"


def test_what_stands_in_a_here_document_points_into_the_script(texts: Any) -> None:
    tree, found = _read(texts, "install.sh", "cat > compose.yml <<'EOF'\r\nservices:\r\n  a:\r\n    image: x\r\n    environment:\r\n      U: http://127.0.0.1:80\r\nEOF\r\n")
    (setting,) = found[0].any.env
    assert tree.shown(setting.span) == "http://127.0.0.1:80"


def test_tabs_before_a_here_document_are_no_indentation_of_yaml(texts: Any) -> None:
    _, found = _read(texts, "x.sh", "if true; then\n\tcat >c.yml <<-EOF\n\tservices:\n\t  a:\n\t    image: x\n\tEOF\nfi\n")
    assert [one.service for one in found] == ["a"]


def test_a_heredoc_that_never_ends_is_nothing(texts: Any) -> None:
    assert _read(texts, "x.sh", "cat >c.yml <<EOF\nservices:\n  a:\n    image: x\n")[1] == []


GO = """package x

// A comment that has one backtick ` of its own.
const file = `services:
  api:
    image: acme/api:{{ .Version }}
    environment:
      - A=http://localhost:%d
      - B={{ .Redis }}
      - C=${HOST:-127.0.0.1}
`
"""


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("x.go", GO.replace("`services", "`\nservices")),
        ("x.go", GO),
        ("x.py", 'FILE = f"""\nservices:\n  api:\n    image: acme/api:{version}\n    environment:\n      - A=http://localhost:{port}\n      - B={redis}\n      - C=${{HOST:-127.0.0.1}}\n"""\n'),
        ("x.py", 'FILE = """\\\nservices:\n  api:\n    image: acme/api:%s\n    environment:\n      - A=http://localhost:%d\n      - B=%(redis)s\n      - C=${HOST:-127.0.0.1}\n""" % x\n'),
        ("x.py", 'def f():\n    return textwrap.dedent("""\n    services:\n      api:\n        image: acme/api:{v}\n        environment:\n          - A=http://localhost:{p}\n          - B={r}\n          - C=${{HOST:-127.0.0.1}}\n    """).format(**x)\n'),
        ("x.ts", "const file = `\nservices:\n  api:\n    image: acme/api:${version}\n    environment:\n      - A=http://localhost:${o.ports[`x`]}\n      - B=${f({a: 1})}\n      - C=\\${HOST:-127.0.0.1}\n`\n".replace("`x`", "'x'")),
        ("c.yml.tmpl", "services:\n  api:\n    image: acme/api:{{ .V }}\n    environment:\n      - A=http://localhost:{{ .P }}\n      {{- if .R }}\n      - B={{ .R }}\n      {{- else }}\n      - B=\n      {{- end }}\n      - C=${HOST:-127.0.0.1}\n"),
        ("c.yml.j2", "{# text #}\nservices:\n  api:\n    image: acme/api:{{ v }}\n    environment:\n      - A=http://localhost:{{ p | default('80') }}\n{% if r %}\n      - B={{ r }}\n{% else %}\n      - B=none\n{% endif %}\n      - C=${HOST:-127.0.0.1}\n"),
    ],
)
def test_a_string_in_code_is_a_project(texts: Any, path: str, text: str) -> None:
    tree, found = _read(texts, path, text)
    assert [one.service for one in found] == ["api"]
    a, b, c = found[0].any.env
    assert (a.name, b.name, c.name) == ("A", "B", "C")
    assert render(a.value).startswith("http://localhost:")
    assert not isinstance(a.value, Known)
    assert not isinstance(b.value, Known)
    assert "127.0.0.1" in render(c.value)
    assert tree.shown(a.name_span) == "A"
    assert tree.files[path].line_of(c.span.start) == text[: text.index("HOST")].count("\n") + 1


def test_lines_that_the_program_adds_leave_the_environment_open(texts: Any) -> None:
    _, found = _read(texts, "x.py", 'F = f"""\nservices:\n  a:\n    image: x\n    environment:\n      A: b\n      {more}\n"""\n')
    assert found[0].any.env_open
    assert found[0].any.unread


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("x.py", '"""Write such a file:\n\nservices:\n  a:\n    image: x\n"""\n'),
        ("x.py", 'def f():\n    """\n    services:\n      a:\n        image: x\n    """\n'),
        ("x.go", "package x\n\nconst s = `services:\n  a: [\n`\n"),
        ("x.go", "package x\n\nconst s = `\nservices:\n  a:\n    port: 80\n`\n// image:\n"),
        ("x.ts", "const help = `\n```yaml\nservices:\n  a:\n    image: x\n```\n`\n"),
        ("values.tpl", "image:\n  services:\n    a:\n      image: x\n"),
    ],
)
def test_texts_that_are_no_compose_file(texts: Any, path: str, text: str) -> None:
    assert _read(texts, path, text)[1] == []


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("x.py", "\n  image: x\n" + "services:\n" * 60_000),
        ("x.py", '"""\n  image: x\n' + "services:\n" * 60_000),
        ("x.ts", "`\n  image: x\n" + "services:\n" * 60_000),
        ("x.sh", " image: x\n" + "cat >c <<A\nservices:\n" * 20_000),
        ("x.sh", " image: x\n" + "".join(f"cat >c <<A{number}\nservices:\n" for number in range(20_000))),
        ("x.sh", " image: x\ncat >c <<" + "a" * 400_000),
    ],
)
def test_what_is_opened_and_never_closed_takes_linear_time(texts: Any, path: str, text: str) -> None:
    start = time.process_time()
    assert _read(texts, path, text)[1] == []
    assert time.process_time() - start < 2
