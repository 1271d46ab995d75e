"""Code written so that following its values never ends, or fills the memory."""

from __future__ import annotations

from typing import Any

import pytest

URL = "http://localhost:11434"
PY_RUN = 'import subprocess\nsubprocess.run(["docker", "run", "-e", "A_ENDPOINT=" + {}, "x/y"])\n'
JS_RUN = 'require("child_process").spawnSync("docker", ["run", "-e", "A_ENDPOINT=" + {}, "x/y"]);\n'
GO_RUN = 'package main\n\nimport (\n\t"os/exec"\n\t"strings"\n)\n\n{}\n\nfunc run() {{\n\texec.Command("docker", "run", "-e", "A_ENDPOINT="+{}, "x/y").Run()\n}}\n'

ENDLESS = {
    "go constants": {"main.go": GO_RUN.format("const a = b\nconst b = c\nconst c = a", "a"), "other.go": "package main\n\nvar d = a + d\n"},
    "go functions": {"main.go": GO_RUN.format("func f(s string) string { return g(s + s) }\nfunc g(s string) string { return f(s) + f(s) + g(s) }", 'f("a")')},
    "go fields": {"main.go": GO_RUN.format("type T struct{ u string }\n\nfunc (t *T) f() string { t.u = t.g(); return t.u }\nfunc (t *T) g() string { return t.f() + t.u }", "(&T{}).f()")},
    "go types": {"main.go": GO_RUN.format("type A struct{ B }\ntype B struct{ A }", "A{}.url")},
    "go many functions": {"main.go": GO_RUN.format("\n".join(f"func f{i}() string {{ return f{i + 1}() + f{i + 1}() + f{i + 1}() }}" for i in range(60)), "f0()")},
    "python constants": {"main.py": PY_RUN.format("a"), "a.py": "from b import x as a\n", "b.py": "from a import a as x\nfrom main import *\n"},
    "python stars": {"main.py": "from a import *\n" + PY_RUN.format("URL"), "a.py": "from b import *\n", "b.py": "from a import *\nfrom main import *\n"},
    "python functions": {"main.py": "def f(x): return g(x) + g(x)\ndef g(x): return f(x) + f(x)\n" + PY_RUN.format('f("a")')},
    "python doubling": {"main.py": 'a = "aaaaaaaa"\n' + "a = a + a\n" * 100 + PY_RUN.format("a")},
    "python doubled parts": {"main.py": 'import os\na = os.environ["X"]\n' + "a = a + a\n" * 100 + PY_RUN.format("a")},
    "python doubled choices": {"main.py": 'import os\na = os.environ["X"]\n' + "".join(f"if y{i}:\n  a = a + a\n" for i in range(100)) + PY_RUN.format("a")},
    "python chosen doubles": {"main.py": 'a = "b"\n' + 'a = a + "x" if y else a + a\n' * 100 + PY_RUN.format("a")},
    "python nested lists": {"main.py": "import subprocess\na = ['docker']\n" + "a = [a, a]\n" * 100 + "if y:\n  b = [a, a]\nelse:\n  b = [a, a, a]\nsubprocess.run(['docker', 'run', a, b, *a, *b, 'x/y'], env=a)\n"},
    "python equal nested lists": {"main.py": "import subprocess\na = ['x']\nb = ['x']\n" + "a = [a, a]\nb = [b, b]\n" * 60 + "if y:\n  c = [a]\nelse:\n  c = [b]\nsubprocess.run(['docker', 'run', '-e', c[0][0], *c, 'x/y'])\n"},
    "python deeply nested lists": {"main.py": "import subprocess\na = ['x']\nb = ['x']\n" + "a = [a]\nb = [b]\n" * 20_000 + "if y:\n  c = [a]\nelse:\n  c = [b]\nsubprocess.run(['docker', 'run', '-e', c, *c, 'x/y'])\n"},
    "python nested dicts": {"main.py": "import docker\na = {'A': '1'}\n" + "a = {'x': a, 'y': a, **a}\n" * 200 + "if y:\n  a = {'z': a}\ndocker.from_env().containers.run('x/y', environment=a, extra_hosts=a, command=a)\n"},
    "python nested calls": {"main.py": "import x\na = x.f()\n" + "a = x.f(a, a)\n" * 200 + PY_RUN.format("a") + PY_RUN.format("str(a)") + PY_RUN.format('f"{a}"')},
    "python doubling list": {"main.py": "import subprocess\na = ['docker', 'run']\n" + "a = a + a\n" * 100 + "subprocess.run(a)\n"},
    "python extending by itself": {"main.py": "import subprocess\na = ['docker', 'run']\n" + "a.extend(a)\n" * 100 + "subprocess.run(a)\n"},
    "python doubling dict": {"main.py": "import docker\na = {'A': '1'}\n" + "a['x'] = a\n" * 100 + "docker.from_env().containers.run('x/y', environment=a)\n"},
    "python appended to itself": {"main.py": "import subprocess\na = ['docker', 'run']\nfor x in a:\n  a.append(x)\n  a += a\nwhile True:\n  a.append(a)\nsubprocess.run(a)\n"},
    "python replacing": {"main.py": 'a = "aaaaaaaa"\n' + 'a = a.replace("a", "aaaaaaaaaa")\n' * 100 + PY_RUN.format("a")},
    "python repeating": {"main.py": 'a = "a" * 10**9 * 10**9\nb = ["x"] * 10**9\n' + PY_RUN.format("a + b[0]")},
    "python formats": {"main.py": 'a = f"{1:>1000000000}" + "%1000000000d" % 1 + "{:1000000000}".format(1) + "a".ljust(10**9) + "a".zfill(10**9)\n' + PY_RUN.format("a")},
    "python joining": {"main.py": 'a = "a"\n' + "a = a.join([a, a, a, a, a, a])\n" * 50 + PY_RUN.format("a")},
    "python loops": {"main.py": "import subprocess\na = ['docker', 'run']\n" + "".join(" " * depth + f"for x{depth} in range(1000):\n" for depth in range(12)) + " " * 12 + f"a += ['-e', 'A_ENDPOINT={URL}']\nsubprocess.run(a + ['x/y'])\n"},
    "python ranges": {"main.py": "import subprocess\na = ['-eA%d=b' % i for i in range(10**9)]\nsubprocess.run(['docker', 'run', *a, 'x/y'])\n"},
    "python comprehensions": {"main.py": "import subprocess\nr = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']\na = [a " + "for a in r " * 12 + "]\nsubprocess.run(['docker', 'run', *a, 'x/y'])\n"},
    "python branches": {"main.py": 'a = ""\n' + "".join(f'if x{i}:\n  a += "{i}"\n' for i in range(200)) + PY_RUN.format("a")},
    "python alternatives": {"main.py": "".join(f'x{i} = "a" if y else "b"\n' for i in range(40)) + PY_RUN.format("+".join(f"x{i}" for i in range(40)))},
    "python calls in calls": {"main.py": "def f(x): return x + x\n" + PY_RUN.format("f(" * 60 + '"a"' + ")" * 60)},
    "python closures": {"main.py": "def f(g): return lambda: g() + g()\nx = lambda: 'a'\n" + "x = f(x)\n" * 60 + PY_RUN.format("x()")},
    "python classes": {"main.py": "class A(B): pass\nclass B(A): u = C.u\nclass C(A, B, C): u = A().u\n" + PY_RUN.format("C().u")},
    "python decorators": {"main.py": "@f\ndef f(x): return f(f)(x)\n" + PY_RUN.format('f("a")')},
    "javascript constants": {"main.js": 'const { b } = require("./b");\nexports.a = b;\n' + JS_RUN.format("b"), "b.js": 'const { a } = require("./main");\nexports.b = a;\n'},
    "javascript exports": {"main.ts": 'import { x } from "./a";\n' + JS_RUN.format("x"), "a.ts": 'export * from "./b";\n', "b.ts": 'export * from "./a";\nexport { x } from "./a";\n'},
    "javascript doubling": {"main.js": 'let a = "aaaaaaaa";\n' + "a += a;\n" * 100 + JS_RUN.format("a")},
    "javascript nested objects": {"main.js": "let a = {b: 1};\n" + "a = {x: a, y: a};\n" * 200 + 'const Docker = require("dockerode");\nnew Docker().createContainer({Image: a, Env: [a, `A=${a}`], HostConfig: a});\n'},
    "javascript spreading": {"main.js": "let a = ['run'];\n" + "a = [...a, ...a];\n" * 100 + 'require("child_process").spawnSync("docker", a);\n'},
    "javascript pushing": {"main.js": "let a = ['run'];\n" + "a.push(...a);\n" * 100 + 'require("child_process").spawnSync("docker", a);\n'},
    "javascript objects": {"main.js": "let a = {b: 1};\n" + "a = {...a, x: a, y: a};\n" * 100 + JS_RUN.format("a.x.y.x")},
    "javascript repeating": {"main.js": JS_RUN.format('"a".repeat(1e9) + "a".padStart(1e9) + Array(1e9).fill("a").join("") + [...Array(1e9).keys()]')},
    "javascript flattening": {"main.js": "let a = ['run'];\n" + "a = a.flatMap((x) => [x, x, x]);\n" * 60 + 'require("child_process").spawnSync("docker", a);\n'},
    "javascript functions": {"main.js": "const f = (x) => g(x) + g(x);\nconst g = (x) => f(x) + f(x);\n" + JS_RUN.format('f("a")')},
    "shell doubling": {"main.sh": "a=aaaaaaaa\n" + "a=$a$a\n" * 100 + "docker run -e A_ENDPOINT=$a x/y\n"},
    "shell arrays": {"main.sh": "a=(run)\n" + 'a+=("${a[@]}")\n' * 100 + 'docker "${a[@]}" x/y\n'},
    "shell functions": {"main.sh": "f() { g $1$1; }\ng() { echo $(f $1)$(f $1); }\ndocker run -e A_ENDPOINT=$(f a) x/y\n"},
    "shell sequences": {"main.sh": "for i in $(seq 1 1000000000) {1..1000000000}; do a=$a$i; done\ndocker run -e A_ENDPOINT=$a {1..1000000000} {a..z}{a..z}{a..z}{a..z}{a..z}{a..z} x/y\n"},
    "shell printf": {"main.sh": "docker run -e A_ENDPOINT=$(printf '%1000000000s' x) x/y\n"},
    "shell loops": {"main.sh": "a=\nwhile true; do a=\"$a $a\"; for x in $a; do a=\"$a $x\"; done; done\ndocker run $a x/y\n"},
    "shell aliases": {"main.sh": "docker() { docker \"$@\" \"$@\"; }\ndocker run -e A_ENDPOINT=$a x/y\n"},
    "shell scripts": {"main.sh": ". ./other.sh\ndocker run -e A_ENDPOINT=$a x/y\n", "other.sh": ". ./main.sh\n. ./other.sh\na=$b\nb=$a\n"},
    "shell strings": {"main.sh": "a='sh -c \"$a\"'\nsh -c \"$a\"\neval \"$a\"\nbash -c 'docker run x/y; bash -c \"$0\"'\n"},
    "make variables": {"Makefile": "A = $(B)$(B)\nB = $(A)$(A)\nC := $(C)$(C)\nrun:\n\tdocker run -e A_ENDPOINT=$(A)$(C) x/y\n"},
    "make doubling": {"Makefile": "A0 = aaaa\n" + "".join(f"A{i} = $(A{i - 1})$(A{i - 1})\n" for i in range(1, 100)) + "run:\n\tdocker run -e A_ENDPOINT=$(A99) x/y\n"},
    "make includes": {"Makefile": "include Makefile other.mk\nrun:\n\tdocker run x/y\n\t$(MAKE) run\n", "other.mk": "include Makefile\n"},
    "just variables": {"justfile": "a := b + b\nb := a + a\nrun:\n  docker run -e A_ENDPOINT={{a}} x/y\n"},
    "package scripts": {"package.json": '{"scripts": {"a": "npm run b && npm run b", "b": "npm run a; docker run x/y"}}'},
    "workflow": {".github/workflows/a.yml": "on: push\nenv:\n  A: ${{ env.B }}${{ env.B }}\n  B: ${{ env.A }}${{ env.A }}\njobs:\n  a:\n    runs-on: ubuntu-latest\n    needs: [b]\n    steps:\n      - uses: ./.github/actions/x\n      - run: docker run -e A_ENDPOINT=$A x/y\n  b:\n    needs: [a]\n    uses: ./.github/workflows/a.yml\n", ".github/actions/x/action.yml": "runs:\n  using: composite\n  steps:\n    - uses: ./.github/actions/x\n    - run: docker run x/y\n"},
}


@pytest.mark.parametrize("what", ENDLESS)
def test_values_without_end_are_given_up(what: str, tree: Any) -> None:
    for path, text in ENDLESS[what].items():
        tree.write(path, text)
    done = tree.check(status=1)
    assert not done.failures


PATTERNS = (
    "(a+)+$", "(a|a)*$", "(a|aa)+$", "(.*a){20}$", "(?:a?){30}a{30}$", "([a-z]+)*!", "(a*)*b", "(a+){10}b", "a{0,60000}{0,60000}", "(((((a*)*)*)*)*)*$",
    "(x+x+)+y", "(.*)(.*)(.*)(.*)(.*)(.*)(.*)!", "a*a*a*a*a*a*a*a*a*b", "(?=(a+))\\1+$", "\\s+$", "^(?:(a+)|(a+))+$", "[a-z]*[a-z]*[a-z]*[a-z]*!", "((a{1,9}){1,9}){1,9}b",
    "(" * 5000 + "a" + ")" * 5000, "[" * 5000, "a" * 100_000, "(?P<" * 1000, "a{1000000000}",
)  # fmt: skip


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: pattern[:20])
def test_patterns_of_the_checked_code_cannot_hang(pattern: str, tree: Any) -> None:
    subject = "a" * 190
    tree.write("main.py", f'import re\nx = re.sub(r"""{pattern}""", "b", "{subject}")\nif re.search(r"""{pattern}""", "{subject}"):\n  x += "c"\n' + PY_RUN.format("x"))
    tree.write("main.js", f'let x = "{subject}".replace(new RegExp({pattern!r}, "g"), "b").replaceAll(/{pattern}/g, "c");\nif (/{pattern}/.test("{subject}")) x += "c";\n' + JS_RUN.format("x"))
    tree.write("main.sh", f"a={subject}\nif [[ $a =~ {pattern} ]]; then a=b; fi\ncase $a in {'*a' * 40}) a=c;; esac\nb=${{a//{'*a' * 40}/x}}\nc=$(echo $a | sed 's/{pattern}/x/g')\ndocker run -e A_ENDPOINT=$a$b$c x/y\n")
    done = tree.check()
    assert set(done.failures) <= {"main.js", "main.sh"}
