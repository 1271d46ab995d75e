"""Every form in which code reads a variable, with its default, whether it must be set, and what serves as well."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from stigmer_lint.model.value import Known, render
from stigmer_lint.model.world import EnvRead

Reads = Callable[[dict[str, str]], dict[str, EnvRead]]

# name of the file, its text, the variable, default or None, whether it must be set
FORMS = [
    ("a.py", "import os\nx = os.environ['A']\n", "A", None, True),
    ("a.py", "import os\ntry:\n    x = os.environ['A']\nexcept KeyError:\n    x = ''\n", "A", None, False),
    ("a.py", "import os\nx = os.getenv('A', 'd')\n", "A", "d", False),
    ("a.py", "from os import getenv as g\nx = g('A') or 'd'\n", "A", "d", False),
    ("a.py", "import os\nenv = os.environ\nx = env.get('A')\n", "A", None, False),
    ("a.py", "import os\nx = int(os.getenv('A'))\n", "A", None, True),
    ("a.py", "import os\nx = os.getenv('A').split(',')\n", "A", None, True),
    ("a.py", "import os\nx = os.getenv('A')\nif not x:\n    raise ValueError('A')\n", "A", None, True),
    ("a.py", "import os\nif 'A' in os.environ:\n    pass\n", "A", "", False),
    ("a.py", "import os\ndef env(name, default=None):\n    return os.environ.get(name, default)\nx = env('A', 'd')\n", "A", "d", False),
    ("a.py", "from decouple import config\nx = config('A')\n", "A", None, True),
    ("a.py", "from environs import Env\nenv = Env()\nx = env.str('A', 'd')\n", "A", "d", False),
    ("a.py", "from pydantic_settings import BaseSettings\nclass S(BaseSettings):\n    a: str\n", "A", None, True),
    ("a.py", "from pydantic_settings import BaseSettings\nclass S(BaseSettings):\n    model_config = {'env_prefix': 'P_'}\n    a: str = 'd'\n", "P_A", "d", False),
    ("a.py", "from pydantic import BaseSettings\nclass S(BaseSettings):\n    a: str = 'd'\n    class Config:\n        env_prefix = 'P_'\n", "P_A", "d", False),
    ("a.py", "from pydantic_settings import BaseSettings\nclass B(BaseSettings):\n    model_config = {'env_prefix': 'P_'}\nclass S(B):\n    a: str = 'd'\n", "P_A", "d", False),
    ("a.py", "import os\nfrom dataclasses import dataclass\n@dataclass\nclass C:\n    a: str = os.getenv('A', 'd')\n", "A", "d", False),
    ("a.go", 'package a\nimport "os"\nfunc f() string { v := os.Getenv("A"); if v == "" { v = "d" }; return v }\n', "A", "d", False),
    ("a.go", 'package a\nimport ("os"; "log")\nfunc f() { v := os.Getenv("A"); if v == "" { log.Fatal("A") }; _ = v }\n', "A", None, True),
    ("a.go", 'package a\nimport ("os"; "errors")\nfunc f() error { v, ok := os.LookupEnv("A"); if !ok { return errors.New("A") }; _ = v; return nil }\n', "A", None, True),
    ("a.go", 'package a\nimport "os"\nfunc get(k, d string) string { if v, ok := os.LookupEnv(k); ok { return v }; return d }\nvar x = get("A", "d")\n', "A", "d", False),
    ("a.go", 'package a\ntype C struct { A string `env:"A" envDefault:"d"` }\n', "A", "d", False),
    ("a.go", 'package a\ntype C struct { A string `env:"A,required"` }\n', "A", None, True),
    ("a.js", "const a = process.env.A.split(',');\n", "A", None, True),
    ("a.ts", "const a = (process.env.A as string).toLowerCase();\n", "A", None, True),
    ("a.ts", "const a = new URL(process.env.A!);\n", "A", None, True),
    ("a.ts", "const a = JSON.parse(process.env['A']!);\n", "A", None, True),
    ("a.ts", "const a = process.env.A?.split(',');\n", "A", None, False),
    ("a.ts", "const a = (process.env.A as string)?.trim();\n", "A", None, False),
    ("a.js", "const a = new URL('/x', process.env.A);\n", "A", None, False),
    ("a.js", "const a = (process.env.A || 'b').split(',');\n", "A", "b", False),
    ("a.py", "import os, json\na = json.loads(os.getenv('A'))\n", "A", None, True),
    ("a.py", "import os, json\na = json.loads(os.getenv('A', '{}'))\n", "A", "{}", False),
    ("a.exs", 'a = ConfigHelper.parse_time_env_var("APP_A", "10m")\n', "APP_A", "10m", False),
    ("a.exs", 'a = ConfigHelper.safe_get_env("APP_A", nil)\n', "APP_A", None, False),
    ("a.exs", 'a = System.get_env("APP_A", "b")\n', "APP_A", "b", False),
    ("a.go", 'package a\ntype C struct { S S `envPrefix:"P_"` }\ntype S struct { A string `env:"A"` }\n', "P_A", None, False),
    ("a.go", 'package a\nimport "github.com/spf13/viper"\nfunc f() { viper.SetEnvPrefix("p"); viper.AutomaticEnv(); viper.SetDefault("a.b", "d") }\n', "P_A_B", "d", False),
    ("a.ts", "const a = process.env.A ?? 'd';\n", "A", "d", False),
    ("a.ts", "const { A = 'd' } = process.env;\n", "A", "d", False),
    ("a.ts", "if (!process.env.A) { throw new Error('A'); }\n", "A", None, True),
    ("a.ts", "import { z } from 'zod';\nconst S = z.object({ A: z.string() });\nexport const env = S.parse(process.env);\n", "A", None, True),
    ("a.ts", "import { z } from 'zod';\nexport const env = z.object({ A: z.string().default('d') }).parse(process.env);\n", "A", "d", False),
    ("a.ts", "import { z } from 'zod';\nconst c = z.string().optional();\nexport const env = z.object({ A: c }).parse(process.env);\n", "A", None, False),
    ("a.ts", "import { z } from 'zod';\nconst c = z.string().default('d');\nexport const env = z.object({ A: c.min(1) }).parse(process.env);\n", "A", "d", False),
    ("a.ts", "import { z } from 'zod';\nconst c = z.string();\nexport const env = z.object({ A: c }).parse(process.env);\n", "A", None, True),
    ("a.ts", "import { z } from 'zod';\nconst f = () => z.string().optional();\nexport const env = z.object({ A: f() }).parse(process.env);\n", "A", None, False),
    ("a.ts", "import { z } from 'zod';\nimport { c } from './rules';\nexport const env = z.object({ A: c }).parse(process.env);\n", "A", None, False),
    ("a.ts", "import { str, cleanEnv } from 'envalid';\nexport const env = cleanEnv(process.env, { A: str() });\n", "A", None, True),
    ("a.ts", "import { z } from 'zod';\nexport const env = createEnv({ skipValidation: true, server: { A: z.string() }, runtimeEnv: process.env });\n", "A", None, False),
    ("a.ts", "import { z } from 'zod';\nexport const env = createEnv({ skipValidation: false, server: { A: z.string() }, runtimeEnv: process.env });\n", "A", None, True),
    ("a.ts", "import * as envalid from 'envalid';\nconst keys = { A: envalid.str() };\nexport function check() {\n  envalid.cleanEnv(process.env, keys);\n}\n", "A", None, True),
    ("a.ts", "import { str, cleanEnv } from 'envalid';\nconst keys = { A: str() };\nif (x) {\n  keys.B = str();\n}\ncleanEnv(process.env, keys);\n", "B", None, False),
    ("a.py", "from pydantic_settings import BaseSettings\nclass S(BaseSettings):\n    AA: str\ns = S(_env_file='x', **{'AA': make()})\n", "AA", None, False),
    ("a.py", "from pydantic_settings import BaseSettings\nclass S(BaseSettings):\n    AA: str\ns = S(AA=make())\n", "AA", None, False),
    ("a.py", "from pydantic_settings import BaseSettings\nclass S(BaseSettings):\n    AA: str\ns = S()\n", "AA", None, True),
    ("a.prisma", 'datasource db {\n  url = env("AAA")\n}\n', "AAA", None, True),
    ("a.prisma", 'datasource db {\n  shadowDatabaseUrl = env("AAA")\n}\n', "AAA", None, False),
    ("a.ts", "const must = (name: string) => { const v = process.env[name]; if (!v) throw new Error(name); return v; };\nmust('A');\n", "A", None, True),
    ("a.ts", "export const a = import.meta.env.A;\n", "A", None, False),
    ("a.rs", 'fn f() { let a = std::env::var("AAA").unwrap_or("d".to_string()); }\n', "AAA", "d", False),
    ("a.rs", 'fn f() { let a = get_env_var("AAA", "d"); }\n', "AAA", "d", False),
    ("a.rs", 'fn f() { let a = env::var("AAA").expect("AAA"); }\n', "AAA", None, True),
    ("a.rb", "a = ENV.fetch('AA')\n", "AA", None, True),
    ("a.rb", "a = ENV.fetch('AA', 'd')\n", "AA", "d", False),
    ("A.java", 'class A { String a = System.getenv("AA"); }\n', "AA", None, False),
    ("A.cs", 'class A { string a = Environment.GetEnvironmentVariable("AA") ?? "d"; }\n', "AA", "d", False),
    ("a.php", "<?php $a = getenv('AA');\n", "AA", None, False),
    ("entrypoint.sh", "#!/bin/sh\necho ${AA:?must be set}\n", "AA", None, True),
    ("entrypoint.sh", '#!/bin/sh\nexec app --to "${AA:-d}"\n', "AA", "d", False),
    ("site.conf.template", "proxy_pass http://${AA}:80;\n", "AA", None, True),
]


@pytest.mark.parametrize(("path", "text", "name", "default", "required"), FORMS)
def test_a_read_has_its_name_default_and_requirement(reads: Reads, path: str, text: str, name: str, default: str | None, required: bool) -> None:
    found = reads({path: text})
    assert name in found
    read = found[name]
    # A default whose text cannot be told is no default that could be judged.
    assert (render(read.default) if read.default is not None and default != "" else default) == default
    assert read.required is required


def test_what_a_default_is_made_of_elsewhere_serves_as_well(reads: Reads) -> None:
    found = reads({"a.py": "import os\nHOST = os.getenv('AA') or 'localhost'\nREPLICA = os.getenv('BB') or HOST\n"})
    assert found["BB"].groups == ("AA",)
    # A part of the default is not the whole.
    found = reads({"a.py": "import os\nPORT = os.getenv('AA') or '80'\nURL = os.getenv('BB') or f'http://localhost:{PORT}'\n"})
    assert found["BB"].groups == ()


def test_one_of_several_names_is_enough(reads: Reads) -> None:
    found = reads({"a.py": "import os\nx = os.getenv('AA') or os.getenv('BB', 'http://localhost:1')\n"})
    assert found["AA"].groups == ("BB",)
    assert found["BB"].groups == ("AA",)


def test_a_part_of_another_default_does_not_matter_where_that_other_is_set(reads: Reads) -> None:
    found = reads({"a.py": "import os\nH = os.getenv('PGH', 'localhost')\nU = os.getenv('URL') or f'postgres://{H}/x'\n"})
    assert "URL" in found["PGH"].groups


def test_a_read_in_a_branch_is_conditional(reads: Reads) -> None:
    found = reads({"a.py": "import os\nif cloud:\n    x = os.environ['AA']\ny = os.environ['BB']\n"})
    assert found["AA"].conditional
    assert not found["BB"].conditional


def test_a_name_with_a_hole_is_a_pattern(reads: Reads) -> None:
    found = reads({"a.py": "import os\ndef f(p):\n    return os.getenv(f'{p}_API_KEY')\n"})
    assert found["*_API_KEY"].glob


def test_what_a_script_assigns_itself_is_not_read(reads: Reads) -> None:
    assert "AA" not in reads({"entrypoint.sh": "#!/bin/sh\nAA=1\nfor BB in 1 2; do echo $AA $BB; done\n"})


def test_a_write_is_no_read(reads: Reads) -> None:
    assert "AA" not in reads({"a.py": "import os\nos.environ['AA'] = '1'\n"})


def test_test_code_does_not_count(reads: Reads) -> None:
    assert reads({"tests/test_a.py": "import os\nx = os.environ['AA']\n"}) == {}


def test_a_wrapper_with_the_name_of_a_common_method_costs_nothing(reads: Reads) -> None:
    body = "".join(f"x{n} = table.get('k{n}')\n" for n in range(400))
    found = reads({"a.py": f"import os\nclass C:\n    def get(self, name):\n        return os.environ.get(name)\n{body}"})
    assert "k1" not in found


GETTER = "import os\nclass Getter:\n    def get(self, name, default=None):\n        return os.environ.get(name, default)\n"


@pytest.mark.parametrize(
    "calls",
    [
        "def load():\n    here = Getter()\n    return here.get('PLACE', 'd'), {}.get('OTHER')\n",
        "def load(here: Getter, other: dict):\n    return here.get('PLACE', 'd'), other.get('OTHER')\n",
        "def load():\n    here = Getter()\n    def inner():\n        return here.get('PLACE', 'd')\n    return inner\n",
    ],
)
def test_a_common_method_reads_where_its_object_is_known(reads: Reads, calls: str) -> None:
    found = reads({"a.py": GETTER, "b.py": f"from a import Getter\n{calls}"})
    assert render(found["PLACE"].default or Known("")) == "d"
    assert "OTHER" not in found


def test_a_variable_that_is_two_things_is_no_getter(reads: Reads) -> None:
    body = "def load(kind):\n    here = Getter()\n    if kind:\n        here = dict()\n    return here.get('PLACE')\n"
    assert "PLACE" not in reads({"a.py": GETTER + body})


SCANS = [
    ("a.go", 'package a\nimport ("os"; "strings")\nfunc f() { for _, kv := range os.Environ() { if strings.HasPrefix(kv, "APP_CONF_") { use(kv) } } }\n'),
    ("a.go", 'package a\nimport ("os"; "strings")\nfunc f(p string) { for _, kv := range os.Environ() { if !strings.HasPrefix(kv, p) { continue } } }\nfunc g() { f("APP_CONF_") }\n'),
    ("a.py", "import os\nfound = {k: v for k, v in os.environ.items() if k.startswith('APP_CONF_')}\n"),
    ("a.ts", "const found = Object.keys(process.env).filter((key) => key.startsWith('APP_CONF_'));\n"),
]


@pytest.mark.parametrize(("path", "text"), SCANS)
def test_a_scan_of_all_variables_reads_what_begins_with_its_prefix(reads: Reads, path: str, text: str) -> None:
    assert reads({path: text})["APP_CONF_"].prefix


def test_what_spring_does_not_load_by_itself_is_read_by_somebody_perhaps(reads: Reads) -> None:
    found = reads({"src/main/resources/application.yml": "a: ${AAA}\n", "src/main/resources/shared/b.yml": "a: ${BBB}\n"})
    assert (found["AAA"].conditional, found["BBB"].conditional) == (False, True)


NESTED = """from pydantic import BaseModel
from pydantic_settings import BaseSettings, SettingsConfigDict

class Tls(BaseModel):
    path: str = "/tls"

class Database(BaseModel):
    host: str
    port: int = 5432
    tls: Tls = Tls()

class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_nested_delimiter="__")
    database: Database
    other: Elsewhere
    name: str
"""


def test_the_fields_of_a_nested_model_are_read_one_by_one(reads: Reads) -> None:
    found = reads({"a.py": NESTED})
    assert {name for name, read in found.items() if not read.prefix} == {"DATABASE", "DATABASE__HOST", "DATABASE__PORT", "DATABASE__TLS", "DATABASE__TLS__PATH", "OTHER", "NAME"}
    assert [(found[name].required, found[name].groups) for name in ("DATABASE__HOST", "DATABASE__PORT")] == [(True, ("DATABASE",)), (False, ("DATABASE",))]
    # A model that is not in the tree may have any field.
    assert [name for name, read in found.items() if read.prefix] == ["OTHER__"]


def test_a_variable_that_a_script_tests_before_it_sets_it_may_come_from_outside(reads: Reads) -> None:
    found = reads({"entrypoint.sh": '#!/bin/sh\nif [ "$CERT_FILE" = "" ]; then\n  CERT_FILE=/x\nfi\necho $CERT_FILE\nOTHER_FILE=1\nif [ "$OTHER_FILE" ]; then echo; fi\n'})
    assert found["CERT_FILE"].conditional
    assert "OTHER_FILE" not in found


def test_a_prefix_that_a_function_is_given_may_be_any_of_the_tree(reads: Reads) -> None:
    read = 'package a\ntype C struct { H string `env:"HOST"` }\nfunc Setup(p string) { env.ParseWithOptions(&C{}, env.Options{Prefix: p}) }\n'
    found = reads({"go.mod": "module x\n", "a/a.go": read, "main.go": 'package main\nconst auth = "MF_AUTH_"\nfunc main() { a.Setup(auth) }\n'})
    assert found["MF_AUTH_"].prefix
    assert "MF_AUTH_" not in reads({"go.mod": "module x\n", "a/a.go": read.replace("Prefix: p", 'Prefix: "P_"'), "main.go": 'package main\nconst auth = "MF_AUTH_"\n'})


def test_a_default_that_is_computed_is_a_default(reads: Reads) -> None:
    found = reads({"a.py": "from pydantic_settings import BaseSettings\nfrom pydantic import Field\nclass S(BaseSettings):\n    minutes: int = 60 * 24\n    must: int = ...\n    also: int = Field(...)\n"})
    assert [found[name].required for name in ("MINUTES", "MUST", "ALSO")] == [False, True, True]


# name of the file, its text, the variable, default or None, whether it is read on every path
KEYS = [
    ("src/main/resources/application.yml", "spring:\n  datasource:\n    url: jdbc:postgresql://localhost:5432/x\n", "SPRING_DATASOURCE_URL", "jdbc:postgresql://localhost:5432/x", True),
    ("src/main/resources/application.properties", "app.mail-host = ${MAIL:smtp}\n", "APP_MAILHOST", "smtp", True),
    ("src/main/resources/application.properties", "quarkus.rest-client.url=http://localhost:8080\n", "QUARKUS_REST_CLIENT_URL", "http://localhost:8080", True),
    ("src/main/resources/application-dev.yml", "app:\n  url: http://localhost:1\n", "APP_URL", "http://localhost:1", False),
    ("src/main/resources/application.yml", "a: 1\n---\nspring.config.activate.on-profile: dev\napp.url: x\n", "APP_URL", "x", False),
    ("api/appsettings.json", '{"Redis": {"Host": "localhost"}, "Levels": ["a"]}', "Redis__Host", "localhost", True),
    ("api/appsettings.json", '{"Redis": {"Host": "localhost"}, "Levels": ["a"]}', "Levels__0", "a", True),
    ("api/appsettings.Development.json", '{"Redis": {"Host": "localhost"}}', "Redis__Host", "localhost", False),
    ("A.java", 'class A { @Value("${app.mail-host:smtp}") String a; }\n', "APP_MAILHOST", "smtp", True),
    ("A.java", 'class A { @ConfigProperty(name = "app.mail.host", defaultValue = "smtp") String a; }\n', "APP_MAIL_HOST", "smtp", True),
    ("A.cs", 'class A { string a = configuration["Redis:Host"]; }\n', "Redis__Host", None, True),
    ("A.cs", 'class A { string a = builder.Configuration.GetConnectionString("Main"); }\n', "ConnectionStrings__Main", None, True),
    ("a.conf", "host = ${?MAIL_HOST}\n", "MAIL_HOST", None, True),
    ("config/services.yaml", "parameters:\n  dsn: '%env(resolve:DATABASE_URL)%'\n", "DATABASE_URL", None, True),
    ("a.rs", "struct Args {\n    #[arg(long, env, default_value = \"d\")]\n    mail_host: String,\n}\n", "MAIL_HOST", "d", True),
]


@pytest.mark.parametrize(("path", "text", "name", "default", "always"), KEYS)
def test_a_key_of_a_framework_is_read_under_its_name_in_the_environment(reads: Reads, path: str, text: str, name: str, default: str | None, always: bool) -> None:
    read = reads({path: text})[name]
    assert (render(read.default) if read.default is not None else None) == default
    assert (read.conditional, read.required) == (not always, False)


PREFIXES = [
    ("A.java", '@ConfigurationProperties(prefix = "app.mail")\nclass A {}\n', "APP_MAIL_"),
    ("A.cs", 'class A { void f() { services.Configure<Mail>(builder.Configuration.GetSection("Mail")); } }\n', "Mail__"),
    ("a.rs", 'fn f() { Figment::new().merge(Env::prefixed("APP_")); }\n', "APP_"),
    ("a.rs", 'fn f() { envy::prefixed("app_").from_env::<C>(); }\n', "APP_"),
    ("a.rs", 'fn f() { Config::builder().add_source(config::Environment::with_prefix("APP")); }\n', "APP_"),
    ("a.py", "from dynaconf import Dynaconf\nsettings = Dynaconf(envvar_prefix='APP', settings_files=[])\n", "APP_"),
    ("a.go", 'package a\nfunc f() { k.Load(env.Provider("APP_", ".", nil), nil) }\n', "APP_"),
    ("a.go", 'package a\nimport "github.com/ardanlabs/conf/v3"\nfunc f() {\n\tconst prefix = "APP"\n\thelp, err := conf.Parse(prefix, &cfg)\n}\n', "APP_"),
    ("a.go", 'package a\nimport "github.com/ardanlabs/conf"\nfunc f() { conf.Parse(os.Args[1:], "APP", &cfg) }\n', "APP_"),
    ("a.py", "import os\n\nSTART = 'APP_'\n\n\ndef read(env=None):\n    env = os.environ if env is None else env\n    return {key: value for key, value in env.items() if key.startswith(START)}\n", "APP_"),
    ("a.py", "import os\n\n\ndef read(env=None):\n    for key in (env or os.environ):\n        if key.startswith('APP_'):\n            yield key\n", "APP_"),
]


@pytest.mark.parametrize(("path", "text", "prefix"), PREFIXES)
def test_a_library_that_takes_what_begins_alike_reads_a_prefix(reads: Reads, path: str, text: str, prefix: str) -> None:
    assert reads({path: text})[prefix].prefix


def test_a_function_that_does_without_demands_nothing(reads: Reads) -> None:
    start = "import os\n\ndef start():\n    pid = os.environ.get('STARTER')\n"
    fails = "    if not pid:\n        raise ValueError(pid)\n"
    assert reads({"a.py": f"{start}{fails}\nstart()\n"})["STARTER"].required
    assert not reads({"a.py": f"{start}    if pid is None:\n        run()\n        return\n{fails}\nstart()\n"})["STARTER"].required


def test_what_a_server_listens_on_has_the_role_bind(reads: Reads) -> None:
    tree = {
        "cli.py": '''
import os

import click
from flask import Flask

app = Flask(__name__)


@click.command()
@click.option("--host", default="127.0.0.1", envvar="APP_SERVER_HOST")
@click.option("--api", default="http://127.0.0.1:9000", envvar="APP_API_URL")
def serve(host: str, api: str) -> None:
    app.config["API"] = api
    app.run(host=host, port=int(os.environ.get("APP_PORT", "8000")))
''',
        "server.ts": 'import http from "http";\nconst host = process.env.LISTEN_ON || "127.0.0.1";\nhttp.createServer().listen(8080, host);\nfetch(process.env.BACKEND_URL || "http://127.0.0.1:1");\n',
        "main.go": 'package main\n\nimport (\n\t"net/http"\n\t"os"\n)\n\nfunc main() {\n\thttp.ListenAndServe(os.Getenv("GO_LISTEN")+":8080", nil)\n\thttp.Get(os.Getenv("GO_PEER"))\n}\n',
    }
    names = ("APP_SERVER_HOST", "APP_API_URL", "LISTEN_ON", "BACKEND_URL", "GO_LISTEN", "GO_PEER")
    # Nobody asks where no launch sets an address, and no code falls back to one.
    assert reads({"main.go": tree["main.go"]})["GO_LISTEN"].role == "unknown"
    assert reads(tree)["APP_SERVER_HOST"].role == "bind"
    tree["start.sh"] = "docker build -t me/app .\ndocker run -e LISTEN_ON=127.0.0.1 me/app\n"
    found = reads(tree)
    assert {name: found[name].role for name in names} == {
        "APP_SERVER_HOST": "bind", "APP_API_URL": "unknown", "LISTEN_ON": "bind", "BACKEND_URL": "unknown", "GO_LISTEN": "bind", "GO_PEER": "unknown",
    }


def test_dotenvy_in_elixir(reads: Reads) -> None:
    found = reads({"config/runtime.exs": 'import Dotenvy\notlp = env!("OTLP_ENDPOINT", :string, nil)\nurl = env!("DATABASE_URL", :string)\nport = env!("PORT", :integer, 3000)\n'})
    assert {name: read.required for name, read in found.items()} == {"OTLP_ENDPOINT": False, "DATABASE_URL": True, "PORT": False}


@pytest.mark.parametrize(
    ("text", "required"),
    [
        ('config :app, url: System.fetch_env!("APP_URL")\n', True),
        ('if config_env() == :prod do\n  config :app, url: System.fetch_env!("APP_URL")\nend\n', True),
        ('children =\n  case mode do\n    :zta -> [{Auth, System.fetch_env!("APP_URL")}]\n    _ -> []\n  end\n', False),
        ('case mode do\n  :zta ->\n    url = System.fetch_env!("APP_URL")\n  _ -> nil\nend\n', False),
        ('if enabled do\n  config :app,\n    url: System.fetch_env!("APP_URL")\nend\n', False),
    ],
)
def test_a_clause_of_elixir_demands_only_where_it_is_chosen(reads: Reads, text: str, required: bool) -> None:
    assert reads({"config/runtime.exs": text})["APP_URL"].required is required
