"""`check --engine all`: launches in languages without a reader, found by Semgrep with rules of ours and of the policy alone."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from stigmer_lint.adapters import semgrep
from stigmer_lint.adapters.semgrep_text import Texts
from stigmer_lint.model.value import Item, Known, Unknown, Value, render

SEMGREP = os.environ.get("STIGMER_LINT_SEMGREP") or shutil.which("semgrep")
needs_semgrep = pytest.mark.skipif(SEMGREP is None, reason="semgrep is not installed; STIGMER_LINT_SEMGREP may name its program")
URL = "http://localhost:11434"


def run(root: Path, *options: str, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-m", "stigmer_lint", "check", "--engine", "all", *options, "."],
        cwd=root, env={**os.environ, **(environment or {})}, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip


def found(root: Path, *options: str) -> set[tuple[str, int, str]]:
    done = run(root, "--format", "json", *options)
    assert done.stdout, done.stderr
    report = json.loads(done.stdout)
    assert report["errors"] == []
    return {(one["path"], one["line"], one["rule"]) for one in report["findings"]}


def marked(files: Mapping[str, str]) -> set[tuple[str, int, str]]:
    return {
        (name, number, code)
        for name, text in files.items()
        for number, line in enumerate(text.splitlines(), 1)
        for code in line.rpartition("MARK ")[2].split()
        if "MARK " in line
    }


BAD = {
    "A.java": f"""\
class A {{
  void a(String given) throws Exception {{
    String url = "{URL}"; // MARK STG101
    new ProcessBuilder("docker", "run", "-e", "LLM_URL={URL}", "x/a").start(); // MARK STG101
    List<String> args = List.of("docker", "run", "-e", "ü_URL=x", "-e", "LLM_URL=" + "{URL}", "x/b"); // MARK STG101
    new ProcessBuilder(args).start();
    new GenericContainer<>("x/c").withExposedPorts(1).withEnv("LLM_URL", url).start();
    GenericContainer<?> container = new GenericContainer<>("x/d");
    container.withEnv("REDIS_URL", "redis://127.0.0.1:6379"); // MARK STG101
    Runtime.getRuntime().exec("docker run -e LLM_URL=http://172.17.0.1:1 x/e"); // MARK STG110
    new ProcessBuilder("docker", "run", "--network", "host", "-e", "LLM_URL={URL}", "x/f").start(); // MARK STG105
  }}
}}
""",
    "a.kt": f"""\
fun a(port: Int) {{
    ProcessBuilder("podman", "run", "-e", "LLM_URL=http://localhost:$port", "x/g").start() // MARK STG101
    val made = GenericContainer<Nothing>("x/h").apply {{
        withEnv("LLM_URL", "{URL}") // MARK STG101
    }}
}}
""",
    "A.cs": f"""\
class A {{
  void B(int port) {{
    Process.Start("docker", "run -e LLM_URL={URL} x/i"); // MARK STG101
    var info = new ProcessStartInfo {{ FileName = "docker", Arguments = $"run -e LLM_URL=http://localhost:{{port}} x/j" }}; // MARK STG101
    var made = new ContainerBuilder().WithImage("x/k").WithEnvironment("LLM_URL", "{URL}").Build(); // MARK STG101
  }}
}}
""",
    "a.rb": f"""\
def a(port)
  system("docker", "run", "-e", "LLM_URL=http://localhost:#{{port}}", "x/l") # MARK STG101
  `docker run -e LLM_URL={URL} x/m` # MARK STG101
  Docker::Container.create("Image" => "x/n", "Env" => ["LLM_URL={URL}"]) # MARK STG101
end
""",
    "a.rs": f"""\
fn a(port: u16) {{
    Command::new("docker").args(["run", "-e", "LLM_URL={URL}", "x/o"]).spawn(); // MARK STG101
    let mut command = Command::new("docker");
    command.arg("run").arg("-e");
    command.arg(format!("LLM_URL=http://localhost:{{}}", port)); // MARK STG101
    command.arg("x/p").spawn();
    let made = GenericImage::new("x/q", "1").with_env_var("LLM_URL", "{URL}").start(); // MARK STG101
}}
""",
    "a.php": f"""\
<?php
function a($port) {{
  exec("docker run -e LLM_URL=http://localhost:$port x/r", $out); // MARK STG101
  $process = new Process(['docker', 'run', '-e', 'LLM_URL={URL}', 'x/s']); // MARK STG101
}}
""",
}
FORMS = {
    "B.java": f"""\
class B {{
  void a(boolean more) throws Exception {{
    List<String> grown = new ArrayList<>(List.of("docker", "run"));
    grown.add("-e");
    grown.add("LLM_URL={URL}"); // MARK STG101
    grown.add("y/a");
    new ProcessBuilder(grown).start();
    String[] listed = {{"docker", "run", "-e", "LLM_URL={URL}", "y/b"}}; // MARK STG101
    Runtime.getRuntime().exec(listed);
    builder.command(List.of("docker", "run", "-e", "LLM_URL={URL}", "y/c")); // MARK STG101
    new ProcessBuilder("bash", "-c", "docker run -e LLM_URL={URL} y/d").start(); // MARK STG101
    new GenericContainer<>(DockerImageName.parse("y/e")).withEnv(Map.of("A", "b", "LLM_URL", "{URL}")).start(); // MARK STG101
    client.createContainerCmd("y/f").withEnv(List.of("LLM_URL={URL}")).exec(); // MARK STG101
  }}
}}
""",
    "b.kt": f"""\
fun b() {{
    val grown = mutableListOf("docker", "run")
    grown.addAll(listOf("-e", "LLM_URL={URL}")) // MARK STG101
    grown.add("y/g")
    ProcessBuilder().command(grown).start()
    GenericContainer<Nothing>("y/h").withEnv(mapOf("A" to "b", "LLM_URL" to "{URL}")) // MARK STG101
}}
""",
    "B.cs": f"""\
class B {{
  void A() {{
    System.Diagnostics.Process.Start("docker", "run -e LLM_URL={URL} y/i"); // MARK STG101
    Process.Start("docker", new[] {{ "run", "-e", "LLM_URL={URL}", "y/j" }}); // MARK STG101
    var started = new ProcessStartInfo();
    started.FileName = "docker";
    started.Arguments = "run -e LLM_URL={URL} y/k"; // MARK STG101
    var added = new ProcessStartInfo("docker");
    added.ArgumentList.Add("run");
    added.ArgumentList.Add("--env");
    added.ArgumentList.Add("LLM_URL={URL}"); // MARK STG101
    added.ArgumentList.Add("y/l");
    var list = new List<string> {{ "run", "-e" }};
    list.Add("LLM_URL={URL}"); // MARK STG101
    list.Add("y/m");
    Cli.Wrap("docker").WithArguments(list);
    client.Containers.CreateContainerAsync(new CreateContainerParameters {{ Image = "y/n", Env = new List<string> {{ "LLM_URL={URL}" }} }}); // MARK STG101
  }}
}}
""",
    "b.rb": f"""\
def b
  words = ["run", "-e", "LLM_URL={URL}", "y/o"] # MARK STG101
  system({{"A" => "b"}}, "docker", *words)
  sh "docker", "run", "-e", "LLM_URL={URL}", "y/p" # MARK STG101
  Testcontainers::DockerContainer.new("y/q").with_env("LLM_URL", "{URL}") # MARK STG101
end
""",
    "b.rs": f"""\
fn b() {{
    std::process::Command::new("docker").args(["run", "-e", "LLM_URL={URL}", "y/r"]).spawn(); // MARK STG101
    tokio::process::Command::new("docker").arg("run").arg("--env").arg("LLM_URL={URL}").arg("y/s").spawn(); // MARK STG101
}}
""",
}
ALIKE = {
    "Alike.java": f"""\
class Alike {{
  void a(List<String> given) throws Exception {{
    List<String> other = new ArrayList<>();
    other.add("curl");
    other.add("{URL}");
    new ProcessBuilder(other).start();
    List<String> grown = new ArrayList<>();
    grown.add("docker");
    grown.add("run");
    grown.add("-e");
    grown.add("LLM_URL=http://llm:11434");
    grown.add("y/good-a");
    new ProcessBuilder(grown).start();
    grown.add("-e");
    grown.add("OLLAMA_HOST={URL}");
    new ProcessBuilder("bash", "-c", "curl {URL} && docker ps").start();
    new GenericContainer<>(DockerImageName.parse("y/good-b")).withEnv(Map.of("{URL}", "x", "LLM_URL", "http://llm:1"));
  }}
}}
""",
    "Alike.cs": f"""\
class Alike {{
  void A() {{
    var info = new ProcessStartInfo();
    info.FileName = "curl";
    info.Arguments = "-e LLM_URL={URL}";
    var docker = new ProcessStartInfo("docker");
    docker.Arguments = "run -e LLM_URL=http://llm:1 y/good-c";
    docker.WorkingDirectory = "{URL}";
  }}
}}
""",
}
GOOD = {
    "Good.java": f"""\
class Good {{
  void a(boolean linux) throws Exception {{
    new ProcessBuilder("docker", "run", "--add-host", "host.docker.internal:host-gateway", "-e", "LLM_URL=http://host.docker.internal:1", "x/good-a").start();
    new ProcessBuilder("docker", "run", "-p", "127.0.0.1:80:80", "-e", "PUBLIC_URL={URL}", "x/good-b").start();
    // stigmer: ignore[STG101] the worker listens there itself
    new ProcessBuilder("docker", "run", "-e", "LLM_URL={URL}", "x/good-c").start();
    new ProcessBuilder("curl", "{URL}").start();
  }}
}}
""",
    "Guarded.java": f"""\
class Guarded {{
  void a() throws Exception {{
    if (System.getProperty("os.name").startsWith("Linux")) {{
      new ProcessBuilder("docker", "run", "--network", "host", "-e", "LLM_URL={URL}", "x/good-d").start();
    }}
  }}
}}
""",
    "good.rb": """\
def a(url)
  system("docker", "run", "-e", "LLM_URL=#{url}", "x/good-e")
  system("docker ps")
end
""",
}


@needs_semgrep
def test_launches_in_six_languages_are_judged_by_the_same_rules(tmp_path: Path) -> None:
    for name, text in {**BAD, **GOOD}.items():
        (tmp_path / name).write_text(text.replace("\n", "\r\n") if name == "A.cs" else text, encoding="utf-8")
    assert found(tmp_path) == marked(BAD)


@needs_semgrep
def test_launches_are_found_in_the_forms_that_are_common(tmp_path: Path) -> None:
    """Lists that grow, settings given one by one, qualified names, shells; and what looks like them is left alone."""
    for name, text in {**FORMS, **ALIKE}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert found(tmp_path) == marked(FORMS)


ALIAS = "http://host.docker.internal:11434"
MAPPED = {
    "Chain.java": f"""\
class Chain {{
  void a() {{
    new GenericContainer<>("x/mapped-a")
        .withEnv("LLM_URL", "{ALIAS}")
        .withExtraHost("host.docker.internal", "host-gateway")
        .start();
  }}
  void b() {{
    new GenericContainer<>("x/mapped-b").withEnv("LLM_URL", "{ALIAS}").withCreateContainerCmdModifier(c -> c.getHostConfig().withExtraHosts(HOSTS));
  }}
  void c(DockerClient client) {{
    client.createContainerCmd("x/mapped-c").withEnv("LLM_URL={ALIAS}").withHostConfig(HostConfig.newHostConfig().withExtraHosts("host.docker.internal:host-gateway"));
  }}
}}
""",
    "chain.cs": f"""\
class C {{
  void A() {{
    new ContainerBuilder().WithImage("x/mapped-d").WithExtraHost("host.docker.internal", "host-gateway").WithEnvironment("LLM_URL", "{ALIAS}").Build();
  }}
}}
""",
}
LACKING = """\
class Lacking {{
  void a() {{
    new GenericContainer<>(
        "x/a)")HERE
        .withEnv("LLM_URL", "{}")
        .start();
  }}
}}
"""


@needs_semgrep
def test_a_name_that_a_chain_maps_is_mapped_and_one_that_it_lacks_is_added(tmp_path: Path) -> None:
    bad = LACKING.format(ALIAS)
    for name, text in {**MAPPED, "Lacking.java": bad.replace("HERE", "")}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert found(tmp_path) == {("Lacking.java", 5, "STG103")}
    assert run(tmp_path, "--fix", "--unsafe-fixes").returncode == 0
    added = '\n        .withExtraHost("host.docker.internal", "host-gateway")'
    assert (tmp_path / "Lacking.java").read_text(encoding="utf-8") == bad.replace("HERE", added)


@needs_semgrep
def test_the_policys_own_idioms_are_looked_for_and_its_contracts_hold(tmp_path: Path) -> None:
    (tmp_path / "stigmer-lint.yaml").write_text(
        """\
version: 1
idioms:
  - {languages: [java], pattern: "Boxes.start($IMAGE, $NETWORK, Map.of(..., $KEY, $VALUE, ...))"}
containers:
  worker: {match: {image: "x/worker*"}, env: {required: [MODE]}}
""",
        encoding="utf-8",
    )
    text = f'class A {{\n  void a() {{\n    Boxes.start("x/worker:1", "bridge",\n      Map.of("LLM_URL", "{URL}"));\n    Boxes.start("x/container:1", "host", Map.of("LLM_URL", "http://db:1"));\n  }}\n}}\n'
    (tmp_path / "A.java").write_text(text, encoding="utf-8")
    assert found(tmp_path) == {("A.java", 3, "STG201"), ("A.java", 4, "STG101")}


@needs_semgrep
def test_a_pattern_that_semgrep_cannot_read_is_the_policys_fault(tmp_path: Path) -> None:
    (tmp_path / "stigmer-lint.yaml").write_text('version: 1\nidioms: [{languages: [java], pattern: "start($IMAGE"}]\n', encoding="utf-8")
    (tmp_path / "A.java").write_text("class A { /* docker */ }\n", encoding="utf-8")
    done = run(tmp_path)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "start($IMAGE" in done.stderr


@needs_semgrep
def test_what_semgrep_cannot_read_is_said_and_the_rest_counts(tmp_path: Path) -> None:
    call = f'new ProcessBuilder("docker", "run", "-e", "LLM_URL={URL}", "x/y").start();'
    (tmp_path / "A.java").write_text(f"class A {{\n  void a() {{\n    {call}\n  }}\n  void b() {{ int = ; ]] }}\n}}\n", encoding="utf-8")
    report = json.loads(run(tmp_path, "--format", "json").stdout)
    assert [(one["line"], one["rule"]) for one in report["findings"] if one["rule"] == "STG101"] == [(3, "STG101")]
    assert [(one["path"], one["line"]) for one in report["gaps"]] == [("A.java", 5)]
    (tmp_path / "B.java").write_text("class B {{{{ docker (((\n", encoding="utf-8")
    done = run(tmp_path, "--format", "json")
    assert done.returncode == 3
    assert [one["path"] for one in json.loads(done.stdout)["errors"]] == ["B.java"]


@needs_semgrep
def test_nothing_of_the_tree_has_a_say_and_nobody_is_asked(tmp_path: Path) -> None:
    root = tmp_path / "tree"
    root.mkdir()
    (root / "A.java").write_text(BAD["A.java"].replace("x/a", "x/a\", \"# nosemgrep") + "// nosemgrep\n", encoding="utf-8")
    (root / "stigmer.rb").write_text('system("docker", "run", "-e", "LLM_URL=http://localhost:1", "x/y") # nosemgrep\n', encoding="utf-8")
    rule = "rules:\n- {id: theirs, languages: [generic], severity: ERROR, message: theirs, pattern: docker}\n"
    for name in (".semgrep.yml", ".semgrep/rules.yml", "semgrep.yml"):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(rule, encoding="utf-8")
    (root / ".semgrepignore").write_text("*\n", encoding="utf-8")
    asked: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def listen() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            asked.append(connection.recv(200))
            connection.close()

    threading.Thread(target=listen, daemon=True).start()
    proxy = f"http://127.0.0.1:{listener.getsockname()[1]}"
    names = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")
    home = tmp_path / "home"
    home.mkdir()
    environment = {**dict.fromkeys(names, proxy), "NO_PROXY": "", "no_proxy": "", "HOME": str(home), "SEMGREP_RULES": "auto", "SEMGREP_SEND_METRICS": "on"}
    done = run(root, "--format", "json", environment=environment)
    listener.close()
    report = json.loads(done.stdout)
    assert asked == []
    assert list(home.iterdir()) == []
    assert {one["path"] for one in report["findings"]} == {"A.java", "stigmer.rb"}
    assert {one["rule"] for one in report["findings"]} <= {"STG101", "STG105", "STG110"}
    assert sorted(path.name for path in root.iterdir()) == [".semgrep", ".semgrep.yml", ".semgrepignore", "A.java", "semgrep.yml", "stigmer.rb"]


def test_without_semgrep_one_line_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "A.java").write_text(BAD["A.java"], encoding="utf-8")
    done = run(tmp_path, environment={"PATH": str(tmp_path), semgrep.PROGRAM: str(tmp_path / "absent")})
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"stigmer-lint: STIGMER_LINT_SEMGREP is {tmp_path / 'absent'}, which is not the absolute path of a program.\n"
    done = run(tmp_path, environment={"PATH": str(tmp_path), semgrep.PROGRAM: ""})
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "stigmer-lint: --engine all needs Semgrep: pip install 'stigmer-lint[semgrep]', or name its program in STIGMER_LINT_SEMGREP.\n"


def test_semgrep_is_not_taken_from_a_relative_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "semgrep").write_text("#!/bin/sh\n", encoding="utf-8")
    (tmp_path / "semgrep").chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(semgrep.PROGRAM, "./semgrep")
    assert semgrep.program() is None


def test_every_idiom_binds_something_and_names_its_source() -> None:
    from stigmer_lint.knowledge.tables import rows

    for language, kind, pattern, source in rows("launch_idioms", 4):
        assert language in semgrep.ENDINGS
        assert kind
        assert source
        assert semgrep.Idiom(language, kind, pattern).parts or pattern.endswith((".apply { ... }", "new ProcessStartInfo()"))


def value(language: str, text: str) -> Value:
    return Texts("f", text.encode(), language).value(0, len(text.encode()))


@pytest.mark.parametrize(
    ("language", "text", "shown"),
    [
        ("java", '"a" + b + "c"', "a{b}c"), ("java", '"""\n  a"""', "\n  a"), ("java", 'System.getenv("A_URL")', "{A_URL}"), ("java", 'String.format("a%sb%d", x, 1)', "a{x}b1"),
        ("kotlin", '"a${b.c("x}")}d$e"', "a{?}d{e}"), ("kotlin", '"$a"', "{a}"), ("csharp", '$"a{b:x}{{c}}"', "a{b}{{c}}"), ("csharp", '@"a\\b"', "a\\b"),
        ("ruby", "'a#{b}'", "a#{b}"), ("ruby", '"a#{b}".freeze', "a{b}"), ("rust", 'r#"a"b"#', 'a"b'), ("rust", '&format!("a{}b{c}", x)', "a{x}b{c}"),
        ("rust", '"é".to_string()', "é"), ("php", "'a' . $b . \"c$d\"", "a{$b}c{$d}"), ("php", '"a{$b->c}"', "a{$b->c}"),
    ],
)  # fmt: skip
def test_what_a_literal_says_is_read(language: str, text: str, shown: str) -> None:
    got = value(language, text)
    parts = got.parts if hasattr(got, "parts") else (got,)
    written = "".join(part.text if isinstance(part, Known) else f"{{{part.name or '?'}}}" if isinstance(part, Unknown) else render(part) for part in parts)
    assert written == shown


def test_the_place_of_a_literal_is_in_bytes() -> None:
    text = 'f("é", "http://localhost:1")'
    items, end = Texts("f", text.encode(), "java").list_from(2)
    assert [item.value.text for item in items if isinstance(item, Item) and isinstance(item.value, Known)] == ["é", "http://localhost:1"]
    span = items[1].value.span
    assert span is not None
    assert text.encode()[span.start : span.end] == b"http://localhost:1"
    assert end == len(text.encode()) - 1


@pytest.mark.parametrize("text", ["(" * 50_000, '"' + "a" * 300_000, 'format!("{}", ' * 5_000, '"${' * 20_000, "a+" * 50_000 + "b"])
def test_hostile_expressions_end(text: str) -> None:
    for language in ("java", "kotlin", "rust", "php", "ruby", "csharp"):
        assert value(language, text) is not None


def test_lists_that_grow_are_looked_at_within_bounds() -> None:
    start = "List<String> l = "
    text = f'{start}new ArrayList<>();\n' + 'l.add("docker");\n' * 20_000 + "l"
    texts = Texts("f", text.encode(), "java", {"l": frozenset({(len(start), len(start) + 17)})})
    begun = time.monotonic()
    items = texts.words_of(len(text) - 1, len(text))
    assert items is not None
    assert len(items) > 5_000
    for _ in range(2_000):
        texts.words_of(len(text) - 1, len(text))
    assert time.monotonic() - begun < 10
