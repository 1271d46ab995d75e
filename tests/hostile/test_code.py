"""Code that is far larger or far deeper than code that people write."""

from __future__ import annotations

from typing import Any

import pytest

N = 30_000
URL = "http://localhost:11434"


def go(body: str) -> str:
    return f'package main\n\nimport (\n\t"fmt"\n\t"os/exec"\n)\n\nfunc run() {{\n{body}\n\tfmt.Println()\n}}\n'


def go_run(value: str) -> str:
    return f'\texec.Command("docker", "run", "-e", "A_ENDPOINT="+{value}, "x/y").Run()'


def python(body: str) -> str:
    return f"import subprocess\n\n{body}\n"


def python_run(value: str) -> str:
    return f'subprocess.run(["docker", "run", "-e", "A_ENDPOINT=" + {value}, "x/y"])'


def js(body: str) -> str:
    return f'const {{ spawnSync }} = require("child_process");\n{body}\n'


def js_run(value: str) -> str:
    return f'spawnSync("docker", ["run", "-e", "A_ENDPOINT=" + {value}, "x/y"]);'


def sh(body: str) -> str:
    return f"#!/bin/sh\n{body}\n"


DEEP = {
    "main.go": {
        "operators": go(go_run("+".join(['"a"'] * 100_000))),
        "parentheses": go(go_run("(" * N + '"a"' + ")" * N)),
        "calls": go(go_run("f(" * N + '"a"' + ")" * N)),
        "selectors": go(go_run("a" + ".b" * 100_000)),
        "chained calls": go(go_run("a" + ".b()" * 50_000)),
        "blocks": go("if a {\n" * 10_000 + go_run('"a"') + "\n}" * 10_000),
        "else if": go("if a {\n" + "} else if b {\n" * 10_000 + go_run('"a"') + "\n}"),
        "closures": go("func() {\n" * 5_000 + go_run('"a"') + "\n}()" * 5_000),
        "literals": go("x := " + "[]any{" * 20_000 + "}" * 20_000 + "\n" + go_run("x")),
        "unary": go(go_run("!" * 100_000 + "a")),
        "brackets": go("[" * 100_000),
    },
    "main.py": {
        "operators": python(python_run("+".join(['"a"'] * 100_000))),
        "parentheses": python(python_run("(" * N + '"a"' + ")" * N)),
        "calls": python(python_run("f(" * N + '"a"' + ")" * N)),
        "attributes": python(python_run("a" + ".b" * 100_000)),
        "chained calls": python(python_run("a" + ".b()" * 50_000)),
        "blocks": python("".join(" " * depth + "if a:\n" for depth in range(1_000)) + " " * 1_000 + python_run('"a"')),
        "elif": python("if a:\n  pass\n" + "elif b:\n  pass\n" * 20_000 + "else:\n  " + python_run('"a"')),
        "lambdas": python("x = " + "lambda: " * 20_000 + "1\n" + python_run("x")),
        "conditions": python("x = " + "1 if a else " * 20_000 + "2\n" + python_run("x")),
        "not": python("x = " + "not " * 100_000 + "a\n" + python_run("x")),
        "or": python("x = " + " or ".join(["a"] * 100_000) + "\n" + python_run("x")),
        "comparisons": python("x = " + " < ".join(["a"] * 50_000) + "\n" + python_run("x")),
        "lists": python("x = " + "[" * N + "]" * N + "\n" + python_run("x")),
        "f-strings": python("x = " + "f'{" * 3_000 + "1" + "}'" * 3_000 + "\n" + python_run("x")),
        "brackets": python("[" * 100_000),
    },
    "main.js": {
        "operators": js(js_run("+".join(['"a"'] * 100_000))),
        "parentheses": js(js_run("(" * N + '"a"' + ")" * N)),
        "calls": js(js_run("f(" * N + '"a"' + ")" * N)),
        "members": js(js_run("a" + ".b" * 100_000)),
        "promise chain": js("f()" + ".then(() => 1)" * 10_000 + ";\n" + js_run('"a"')),
        "blocks": js("{" * 20_000 + js_run('"a"') + "}" * 20_000),
        "if": js("if (a) {" * 10_000 + js_run('"a"') + "}" * 10_000),
        "arrows": js("const x = " + "() => " * 20_000 + "1;\n" + js_run("x")),
        "functions": js("function f() {" * 5_000 + js_run('"a"') + "}" * 5_000),
        "callbacks": js("f(() => {" * 5_000 + js_run('"a"') + "});" * 5_000),
        "conditions": js("const x = " + "a ? 1 : " * 20_000 + "2;\n" + js_run("x")),
        "objects": js("const x = " + "{a: " * 20_000 + "1" + "}" * 20_000 + ";\n" + js_run("x")),
        "templates": js("const x = " + "`${" * 5_000 + "1" + "}`" * 5_000 + ";\n" + js_run("x")),
        "nullish": js("const x = " + " ?? ".join(["a"] * 50_000) + ";\n" + js_run("x")),
        "brackets": js("[" * 100_000),
    },
    "main.ts": {
        "types": js("let x: " + "Array<" * 20_000 + "string" + ">" * 20_000 + ";\n" + js_run('"a"')),
        "casts": js(js_run("(a" + " as any" * 50_000 + ")")),
    },
    "main.sh": {
        "pipes": sh(" | ".join(["a"] * N) + f"\ndocker run -e A_ENDPOINT={URL} x/y"),
        "and": sh(" && ".join(["a"] * 100_000) + f"\ndocker run -e A_ENDPOINT={URL} x/y"),
        "substitutions": sh("x=" + "$(echo " * 5_000 + "1" + ")" * 5_000 + "\ndocker run -e A_ENDPOINT=$x x/y"),
        "parameters": sh('x="' + "${A:-" * N + "1" + "}" * N + '"\ndocker run -e A_ENDPOINT=$x x/y'),
        "subshells": sh("(" * N + "docker run x/y" + ")" * N),
        "if": sh("if a; then\n" * 10_000 + f"docker run -e A_ENDPOINT={URL} x/y\n" + "fi\n" * 10_000),
        "functions": sh("f() {\n" * 5_000 + f"docker run -e A_ENDPOINT={URL} x/y\n" + "}\n" * 5_000),
        "arithmetic": sh("x=$((" + "(" * N + "1" + ")" * N + "))\ndocker run -e A_ENDPOINT=$x x/y"),
        "backquotes": sh("`" * 100_000 + "docker run x/y"),
        "open substitutions": sh("docker run " + "$(" * 100_000),
        "open quotes": sh('docker run "' + '$("' * 50_000),
        "sh -c": sh("docker run x/y\n" + "sh -c '" * 1000),
    },
    "Makefile": {
        "references": "x := " + "$(a " * N + ")" * N + "\nrun:\n\tdocker run -e A_ENDPOINT=$(x) x/y\n",
        "conditionals": "ifdef A\n" * 20_000 + f"run:\n\tdocker run -e A_ENDPOINT={URL} x/y\n" + "endif\n" * 20_000,
        "functions": "x := " + "$(subst a,b," * 10_000 + "a" + ")" * 10_000 + "\nrun:\n\tdocker run -e A_ENDPOINT=$(x) x/y\n",
        "open": "run:\n\tdocker run " + "$(" * 100_000,
    },
    "justfile": {
        "interpolations": "run:\n  docker run " + "{{" * 100_000,
        "operators": "x := " + " + ".join(["'a'"] * 50_000) + "\nrun:\n  docker run -e A_ENDPOINT={{x}} x/y\n",
        "parentheses": "x := " + "(" * N + "'a'" + ")" * N + "\nrun:\n  docker run -e A_ENDPOINT={{x}} x/y\n",
    },
}


@pytest.mark.parametrize(("path", "what"), [(path, what) for path, cases in DEEP.items() for what in cases])
def test_deep_code_costs_neither_the_run_nor_the_other_files(path: str, what: str, tree: Any) -> None:
    tree.write(path, DEEP[path][what])
    done = tree.check()
    assert done.status == (3 if done.failures else 1)
    assert set(done.failures) <= {path}


LARGE = {
    "main.go": {
        "arguments": go("exec.Command(\"docker\", \"run\", " + ", ".join(f'"-e", "K{i}_ENDPOINT={URL}"' for i in range(N)) + ', "x/y").Run()'),
        "appends": go('args := []string{"run"}\n' + "".join(f'\targs = append(args, "-e", "K{i}_ENDPOINT={URL}")\n' for i in range(N)) + '\targs = append(args, "x/y")\n\texec.Command("docker", args...).Run()'),
    },
    "main.py": {
        "arguments": python('subprocess.run(["docker", "run", ' + ", ".join(f'"-e", "K{i}_ENDPOINT={URL}"' for i in range(N)) + ', "x/y"])'),
        "appends": python('args = ["docker", "run"]\n' + "".join(f'args.append("-eK{i}_ENDPOINT={URL}")\n' for i in range(N)) + 'args.append("x/y")\nsubprocess.run(args)'),
        "sums": python('args = ["docker", "run"]\n' + "".join(f'args += ["-eK{i}_ENDPOINT={URL}"]\n' for i in range(N)) + 'args += ["x/y"]\nsubprocess.run(args)'),
        "dict": python("import docker\nenv = {\n" + "".join(f'  "K{i}_ENDPOINT": "{URL}",\n' for i in range(N)) + '}\ndocker.from_env().containers.run("x/y", environment=env)'),
        "entries": python("import docker\nenv = {}\n" + "".join(f'env["K{i}_ENDPOINT"] = "{URL}"\n' for i in range(N)) + 'docker.from_env().containers.run("x/y", environment=env)'),
        "updates": python("import docker\nenv = {}\n" + "".join(f'env.update({{"K{i}_ENDPOINT": "{URL}"}})\n' for i in range(10_000)) + 'docker.from_env().containers.run("x/y", environment=env)'),
        "spreads": python("import docker\nenv = {}\n" + "".join(f'env = {{**env, "K{i}_ENDPOINT": "{URL}"}}\n' for i in range(10_000)) + 'docker.from_env().containers.run("x/y", environment=env)'),
        "branches": python('args = ["docker", "run"]\n' + "".join(f'if a{i}:\n  args.append("-eK{i}_ENDPOINT={URL}")\n' for i in range(10_000)) + 'args.append("x/y")\nsubprocess.run(args)'),
        "text": python('x = "docker run"\n' + "".join(f'x += " -e K{i}_ENDPOINT={URL}"\n' for i in range(N)) + 'subprocess.run(x + " x/y", shell=True)'),
        "line": python(f'subprocess.run("docker run -e A_ENDPOINT={URL} {"-e K=v " * 125_000} x/y", shell=True)'),
        "launches": python("".join(f'subprocess.run(["docker", "run", "-e", "K{i}_ENDPOINT={URL}", "x/y"])\n' for i in range(2_000))),
        "callers": python('def f(a):\n  subprocess.run(["docker", "run", "-e", "A_ENDPOINT=" + a, "x/y"])\n' + f'f("{URL}")\n' * 5_000),
    },
    "main.js": {
        "arguments": js('spawnSync("docker", ["run",\n' + "".join(f'"-e", "K{i}_ENDPOINT={URL}",\n' for i in range(N)) + '"x/y"]);'),
        "pushes": js('const args = ["run"];\n' + "".join(f'args.push("-e", "K{i}_ENDPOINT={URL}");\n' for i in range(N)) + 'args.push("x/y");\nspawnSync("docker", args);'),
        "object": js('const Docker = require("dockerode");\nconst env = {\n' + "".join(f'  K{i}_ENDPOINT: "{URL}",\n' for i in range(N)) + '};\nnew Docker().createContainer({Image: "x/y", Env: Object.entries(env).map(([k, v]) => `${k}=${v}`)});'),
    },
    "main.sh": {
        "options": sh("docker run " + " ".join(f"-e K{i}_ENDPOINT={URL}" for i in range(N)) + " x/y"),
        "lines": sh("docker run \\\n" + "".join(f"  -e K{i}_ENDPOINT={URL} \\\n" for i in range(N)) + "  x/y"),
        "line of a megabyte": sh(f"docker run -e A_ENDPOINT={URL} x/y " + "a" * 1_000_000),
        "words of a megabyte": sh(f"docker run -e A_ENDPOINT={URL} x/y " + "a " * 500_000),
        "appends": sh('args=(run)\n' + "".join(f'args+=(-e "K{i}_ENDPOINT={URL}")\n' for i in range(N)) + 'docker "${args[@]}" x/y'),
        "text": sh("x=\n" + "".join(f'x="$x -e K{i}_ENDPOINT={URL}"\n' for i in range(N)) + "docker run $x x/y"),
        "exports": sh("".join(f"export K{i}_ENDPOINT={URL}\n" for i in range(10_000)) + "docker run " + " ".join(f"-e K{i}_ENDPOINT" for i in range(10_000)) + " x/y"),
        "launches": sh("".join(f"docker run -e K{i}_ENDPOINT={URL} x/y\n" for i in range(2_000))),
    },
    "Makefile": {
        "options": "run:\n\tdocker run " + " ".join(f"-e K{i}_ENDPOINT={URL}" for i in range(N)) + " x/y\n",
        "appends": "A :=\n" + "".join(f"A += -e K{i}_ENDPOINT={URL}\n" for i in range(N)) + "run:\n\tdocker run $(A) x/y\n",
        "targets": "".join(f"t{i}:\n\tdocker run -e K{i}_ENDPOINT={URL} x/y\n" for i in range(2_000)),
    },
    ".github/workflows/ci.yml": {
        "steps": "jobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n" + "".join(f"      - run: docker run -e K{i}_ENDPOINT={URL} x/y\n" for i in range(2_000)),
        "environment": "env:\n" + "".join(f"  K{i}_ENDPOINT: {URL}\n" for i in range(10_000)) + "jobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: docker run " + " ".join(f"-e K{i}_ENDPOINT" for i in range(10_000)) + " x/y\n",
    },
    "package.json": {
        "scripts": '{"scripts": {' + ", ".join(f'"s{i}": "docker run -e K{i}_ENDPOINT={URL} x/y"' for i in range(2_000)) + "}}",
    },
}


@pytest.mark.parametrize(("path", "what"), [(path, what) for path, cases in LARGE.items() for what in cases])
def test_large_code_is_analysed_in_linear_time(path: str, what: str, tree: Any) -> None:
    tree.write(path, LARGE[path][what])
    done = tree.check(status=1)
    assert not done.failures
    assert path in {where for _, where, _ in done.others}
