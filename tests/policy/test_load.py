"""Policies: what is read, and where every error points."""

from __future__ import annotations

from pathlib import Path

import pytest

from stigmer_lint.errors import PolicyError
from stigmer_lint.policy.load import find_policy, load_policy
from stigmer_lint.policy.types import RequiredEnv

RULES = {"STG101": "loopback-in-container", "STG204": "set-env-never-read"}


def write(root: Path, text: str, name: str = "stigmer-lint.yaml") -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def errors(root: Path, text: str) -> list[str]:
    with pytest.raises(PolicyError) as caught:
        load_policy(str(write(root, text)), root, rules=RULES)
    return str(caught.value).splitlines()


def test_words_are_taken_as_written(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "version: 1\nrules: {STG204: off}\n"
        "containers:\n  a:\n    match: {name: a}\n    env: {set: {PORT: 8080, DEBUG: yes}}\n    launch: {restart: no}\n",
    )
    policy = load_policy(str(path), tmp_path, rules=RULES).policy
    assert policy.rules == {"STG204": "off"}
    assert policy.containers["a"].env.set == {"PORT": "8080", "DEBUG": "yes"}
    assert policy.containers["a"].launch is not None
    assert policy.containers["a"].launch.restart == "no"


def test_required_names_may_have_reasons(tmp_path: Path) -> None:
    path = write(tmp_path, "version: 1\ncontainers:\n  a:\n    match: {name: a}\n    env:\n      required: [X, {name: Y, because: z}]\n")
    env = load_policy(str(path), tmp_path).policy.containers["a"].env
    assert env.required == ("X", RequiredEnv(name="Y", because="z"))
    assert env.required_names == ("X", "Y")


def test_every_error_of_a_file_is_shown_in_its_order(tmp_path: Path) -> None:
    found = errors(tmp_path, "version: 1\nplatfroms: [linux]\nplatforms: [mac]\nresolvers: f\n")
    assert found == [
        "stigmer-lint.yaml:2:1: platfroms: unknown key 'platfroms'; did you mean 'platforms'?",
        "stigmer-lint.yaml:3:13: platforms.0: unknown value 'mac'; did you mean 'macos'?",
        "stigmer-lint.yaml:4:12: resolvers: expected a list of texts, found 'f'",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("platforms: [linux]\n", "1:1: version: missing; expected 1"),
        ("version: 2\n", "1:10: version: unknown value '2'; expected 1"),
        ("", "1:1: the policy is empty; it starts with `version: 1`"),
        ("- 1\n", "1:1: expected a mapping that starts with `version: 1`"),
        ("version: 1\n---\nversion: 1\n", "2:1: a policy is one YAML document; this starts a second one"),
        ("version: 1\nversion: 1\n", "2:1: version: this key is given twice"),
        ("version: 1\nservices:\n", "2:1: services: expected a mapping of names to mappings, found nothing"),
        ("version: 1\nservices: {a: {address: 'http://x:1'}}\n", "2:25: services.a.address: expected HOST:PORT, found 'http://x:1'; a scheme or path belongs in url: http://{address}"),
        ("version: 1\nservices: {a: {address: 'x:70000'}}\n", "2:25: services.a.address: expected HOST:PORT, such as localhost:11434, found 'x:70000'"),
        ("version: 1\nservices: {a: {address: 'x:1', url: http://x}}\n", "2:37: services.a.url: expected a text that holds {address}, found 'http://x'"),
        ("version: 1\nservices: {a: {address: 'x:1', health: {http: /a, tcp: true}}}\n", "2:32: services.a.health: expected exactly one of http, grpc, tcp, redis, postgres, found http and tcp"),
        ("version: 1\nservices: {a: {address: 'x:1', env: [A B]}}\n", "2:38: services.a.env.0: expected a variable's name, found 'A B'"),
        ("version: 1\ncontainers: {a: {match: {}}}\n", "2:18: containers.a.match: expected image, name or both; without one no launch can be recognised"),
        ("version: 1\ncontainers: {a: {match: {name: a}, source: ../x}}\n", "2:44: containers.a.source: expected a folder inside the root, relative to it, found '../x'"),
        ("version: 1\ncontainers: {a: {match: {name: a}, smoke: {exec: [a], within: 1 hour}}}\n", "2:63: containers.a.smoke.within: expected a duration such as 60s, 500ms or 2m, found '1 hour'"),
        ("version: 1\nrules: {STG1O1: off}\n", "2:17: rules.STG1O1: unknown rule 'STG1O1'; did you mean 'STG101'?"),
        ("version: 1\nrules: {loopback-in-container: off}\n", "2:32: rules.loopback-in-container: expected the rule's code; 'loopback-in-container' is STG101"),
        ("version: 1\nrules: {STG101: offf}\n", "2:17: rules.STG101: unknown value 'offf'; did you mean 'off'?"),
        ("version: 1\nrules: {STG101: {because: x}}\n", "2:9: rules.STG101.level: missing; expected one of off, note, warning, error"),
        ("version: 1\npaths: [{match: 'x/**', rules: {STG101: off}}]\n", "2:9: paths.0.reason: missing; expected a text"),
        ("version: 1\nexclude: ['" + "*" * 17 + "']\n", "2:11: exclude.0: expected a pattern with at most 16 stars, found 17"),
        ("version: 1\nexclude: ['" + "a" * 201 + "']\n", "2:11: exclude.0: expected a pattern of at most 200 characters, found 201"),
        ("version: 1\nlaunchers: [{call: f, arguments: {img: 0}}]\n", "2:35: launchers.0.arguments.img: unknown key 'img'; did you mean 'image'?"),
        ("version: 1\nresolvers: ['a b']\n", "2:13: resolvers.0: expected the name of a function, dotted where it must be narrowed, found 'a b'"),
    ],
)  # fmt: skip
def test_an_error_names_place_key_and_what_was_expected(tmp_path: Path, text: str, expected: str) -> None:
    assert errors(tmp_path, text) == [f"stigmer-lint.yaml:{expected}"]


def test_columns_count_characters(tmp_path: Path) -> None:
    assert errors(tmp_path, "version: 1\nservices: {ä: {address: ö}}\n")[0].startswith("stigmer-lint.yaml:2:25: services.ä.address")


def test_yaml_that_is_none_is_told_with_its_place(tmp_path: Path) -> None:
    assert errors(tmp_path, "version: 1\nplatforms: [linux\n")[0].startswith("stigmer-lint.yaml:3:1: not YAML")


def test_an_alias_bomb_is_refused(tmp_path: Path) -> None:
    levels = "\n".join(f"l{i}: &l{i} [{', '.join([f'*l{i - 1}'] * 9)}]" for i in range(1, 10))
    (only,) = errors(tmp_path, f"version: 1\nl0: &l0 [x]\n{levels}\n")
    assert "alias bomb" in only


def test_a_very_long_list_of_errors_is_cut(tmp_path: Path) -> None:
    found = errors(tmp_path, "version: 1\n" + "".join(f"k{i}: 1\n" for i in range(80)))
    assert len(found) == 51
    assert found[-1] == "and 30 more"


SERVICES = "version: 1\nservices:\n  a: {address: 'localhost:1', env: [URL]}\n  b: {address: 'localhost:2', env: [URL]}\ncontainers:\n"


def test_uses_must_name_a_service(tmp_path: Path) -> None:
    found = errors(tmp_path, SERVICES + "  c:\n    match: {name: c}\n    uses: [aa]\n")
    assert found == ["stigmer-lint.yaml:8:12: containers.c.uses.0: unknown service 'aa'; did you mean 'a'?"]


def test_one_variable_cannot_carry_two_services_of_one_container(tmp_path: Path) -> None:
    found = errors(tmp_path, SERVICES + "  c:\n    match: {name: c}\n    uses: [a, b]\n")
    assert found == ["stigmer-lint.yaml:8:5: containers.c.uses: URL is set twice: services.a gives it localhost:1, services.b gives it localhost:2"]


def test_set_cannot_contradict_a_service(tmp_path: Path) -> None:
    found = errors(tmp_path, SERVICES + "  c:\n    match: {name: c}\n    uses: [a]\n    env: {set: {URL: x}}\n")
    assert found == ["stigmer-lint.yaml:9:22: containers.c.env.set.URL: URL is set twice: here to 'x', by services.a to 'localhost:1'; leave it to the service"]


def test_two_containers_may_give_one_name_to_two_services(tmp_path: Path) -> None:
    path = write(tmp_path, SERVICES + "  c: {match: {name: c}, uses: [a]}\n  d: {match: {name: d}, uses: [b]}\n")
    policy = load_policy(str(path), tmp_path).policy
    found = policy.service_for("URL", policy.containers["d"])
    assert found is not None
    assert found[0] == "b"


def test_containers_are_found_by_image_or_name(tmp_path: Path) -> None:
    path = write(tmp_path, "version: 1\ncontainers:\n  a: {match: {image: 'ghcr.io/x/a*', name: run-a}}\n")
    policy = load_policy(str(path), tmp_path).policy
    assert policy.container_for("ghcr.io/x/a:1", None) is not None
    assert policy.container_for("other:1", "run-a") is not None
    assert policy.container_for("other:1", "run-b") is None
    assert policy.container_for(None, None) is None


def test_positions_point_at_keys_and_values(tmp_path: Path) -> None:
    path = write(tmp_path, "version: 1\nservices:\n  a:\n    address: 'x:1'\n    env: [A, B]\n")
    loaded = load_policy(str(path), tmp_path)
    (source,) = loaded.sources
    assert {key: source.text(span) for key, span in loaded.positions.items() if key.startswith("services")} == {
        "services": "services", "services.a": "a", "services.a.address": "'x:1'", "services.a.env": "env",
        "services.a.env.0": "A", "services.a.env.1": "B",
    }  # fmt: skip


class TestExtends:
    def test_maps_are_merged_and_five_lists_joined(self, tmp_path: Path) -> None:
        write(
            tmp_path,
            "version: 1\nplatforms: [linux]\nresolvers: [f]\nexclude: [a]\nservices:\n  s: {address: 'h:1', env: [A], because: old}\n",
            "base.yaml",
        )
        path = write(
            tmp_path, "version: 1\nextends: base.yaml\nresolvers: [g]\nservices:\n  s: {env: [B], because: new}\n  t: {address: 'h:2'}\n"
        )
        loaded = load_policy(str(path), tmp_path)
        policy = loaded.policy
        assert policy.platforms == ("linux",)
        assert policy.resolvers == ("f", "g")
        assert policy.exclude == ("a",)
        assert list(policy.services) == ["s", "t"]
        assert (policy.services["s"].address, policy.services["s"].env, policy.services["s"].because) == ("h:1", ("B",), "new")
        assert loaded.positions["services.s.address"].path == "base.yaml"
        assert loaded.positions["services.s.env"].path == "stigmer-lint.yaml"
        assert [source.path for source in loaded.sources] == ["stigmer-lint.yaml", "base.yaml"]

    def test_an_error_of_the_extended_file_is_told_there(self, tmp_path: Path) -> None:
        write(tmp_path, "version: 1\nplattforms: [linux]\n", "base.yaml")
        assert errors(tmp_path, "version: 1\nextends: base.yaml\nnope: 1\n") == [
            "stigmer-lint.yaml:3:1: nope: unknown key 'nope'; expected one of version, extends, platforms, resolvers, services, containers, "
            "launchers, clients, idioms, env_roles, rules, paths, exclude",
            "base.yaml:2:1: plattforms: unknown key 'plattforms'; did you mean 'platforms'?",
        ]

    @pytest.mark.parametrize(
        ("name", "why"),
        [
            ("../outside.yaml", "'../outside.yaml' lies outside the root; expected builtin:NAME or a path inside it"),
            ("/etc/passwd", "'/etc/passwd' lies outside the root; expected builtin:NAME or a path inside it"),
            ("stigmer-lint.yaml", "a policy cannot extend itself"),
            ("missing.yaml", "missing.yaml:1:1: no such policy file"),
            ("builtin:baselin", "there is no builtin:baselin; did you mean builtin:baseline?"),
            ("link.yaml", "'link.yaml' lies outside the root; expected builtin:NAME or a path inside it"),
        ],
    )
    def test_what_cannot_be_followed_is_refused_with_its_place(self, tmp_path: Path, name: str, why: str) -> None:
        root = tmp_path / "root"
        root.mkdir()
        (root / "link.yaml").symlink_to("/etc/hostname")
        write(tmp_path, "version: 1\n", "outside.yaml")
        assert errors(root, f"version: 1\nextends: {name}\n") == [f"stigmer-lint.yaml:2:10: extends: {why}"]

    def test_one_level_is_allowed(self, tmp_path: Path) -> None:
        write(tmp_path, "version: 1\nextends: stigmer-lint.yaml\n", "base.yaml")
        assert errors(tmp_path, "version: 1\nextends: base.yaml\n") == [
            "base.yaml:2:1: extends: this policy is extended by stigmer-lint.yaml, so it may not extend another; one level is allowed"
        ]


class TestFind:
    def test_the_nearest_file_upwards_wins(self, tmp_path: Path) -> None:
        write(tmp_path, "", "stigmer-lint.yaml")
        near = write(tmp_path, "", "a/.stigmer-lint.yaml")
        (tmp_path / "a" / "b").mkdir()
        code = write(tmp_path, "", "a/b/x.go")
        assert find_policy(code, tmp_path) == near.resolve()
        assert find_policy(tmp_path, tmp_path) == (tmp_path / "stigmer-lint.yaml").resolve()

    def test_the_search_ends_at_the_root(self, tmp_path: Path) -> None:
        write(tmp_path, "", "stigmer-lint.yaml")
        root = tmp_path / "root"
        root.mkdir()
        assert find_policy(root, root) is None

    def test_a_link_out_of_the_root_is_passed_over(self, tmp_path: Path) -> None:
        root = tmp_path / "root"
        root.mkdir()
        (root / "stigmer-lint.yaml").symlink_to(write(tmp_path, "version: 1\n", "elsewhere.yaml"))
        assert find_policy(root, root) is None


def test_a_file_that_is_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="not a regular file"):
        load_policy(str(tmp_path), tmp_path)


def test_an_error_is_one_line_whatever_it_quotes(tmp_path: Path) -> None:
    found = errors(tmp_path, 'version: 1\nresolvers: ["a\\n::error::b\\u202e"]\n"k\\nl": 1\n')
    assert found == [
        "stigmer-lint.yaml:2:13: resolvers.0: expected the name of a function, dotted where it must be narrowed, found 'a\\n::error::b\\u202e'",
        "stigmer-lint.yaml:3:1: k\\nl: unknown key 'k\\nl'; expected one of version, extends, platforms, resolvers, services, containers, "
        "launchers, clients, idioms, env_roles, rules, paths, exclude",
    ]
