"""The commands `policy check`, `policy schema` and `policy explain`.

The caller puts the known rules (code -> name) under `RULES` into the context's `meta`, as a mapping or as a function that gives one;
without it any rule code of the right shape is accepted.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import click

from stigmer_lint.errors import UsageError
from stigmer_lint.policy.types import LoadedPolicy

RULES: Final = "stigmer_lint.rules"
"""Key of the context's `meta`."""


@click.group()
def policy() -> None:
    """Validate a policy, print its schema, explain its values."""


@policy.command()
@click.argument("file", required=False)
@click.pass_context
def check(ctx: click.Context, file: str | None) -> None:
    """Validate FILE (a path or builtin:NAME; default: the policy that applies here).

    Every error is shown with file:line:column, the key and what was expected; the exit status is then 2.
    """
    loaded = _load(ctx, file)
    this = loaded.policy
    groups = (("service", this.services), ("container", this.containers), ("resolver", this.resolvers))
    counts = (f"{len(group)} {noun}{'' if len(group) == 1 else 's'}" for noun, group in groups)
    extended = f", extends {this.extends}" if this.extends else ""
    click.echo(f"{loaded.origin}: valid; {', '.join(counts)}{extended}")


@policy.command()
@click.option("--draft-07", "old", is_flag=True, help="In draft-07, as SchemaStore and older editors take it.")
def schema(old: bool) -> None:
    """Print the JSON Schema (draft 2020-12) of a policy file."""
    if old:
        import json

        from stigmer_lint.policy.schema import for_store

        click.echo(json.dumps(for_store(), indent=2, ensure_ascii=False))
        return
    import stigmer_policies

    click.echo(stigmer_policies.schema().read_text(encoding="utf-8"), nl=False)


@policy.command()
@click.argument("container", required=False)
@click.option("--policy", "file", metavar="FILE", help="Policy file or builtin:NAME; default: the policy that applies here.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Output format.")
@click.pass_context
def explain(ctx: click.Context, container: str | None, file: str | None, form: str) -> None:
    """Print the effective values of CONTAINER (a key of `containers`) and where each came from.

    CONTAINER may be left out where the policy has one container only.
    """
    from stigmer_lint.knowledge.secrets import mask
    from stigmer_lint.policy.decode import unknown
    from stigmer_lint.policy.explain import explain as explained
    from stigmer_lint.policy.explain import render

    loaded = _load(ctx, file)
    names = list(loaded.policy.containers)
    if not names:
        raise UsageError(f"{loaded.origin} has no containers")
    if container is None and len(names) > 1:
        raise UsageError(f"name a container: {', '.join(names)}")
    if container is not None and container not in names:
        raise UsageError(unknown(container, names, "container"))
    explanation = explained(loaded, container or names[0], mask)
    if form == "json":
        import msgspec

        click.echo(msgspec.json.format(msgspec.json.encode({"version": 1, **msgspec.to_builtins(explanation)}), indent=2).decode())
    else:
        click.echo(render(explanation), nl=False)


@policy.command()
@click.argument("file", required=False)
@click.pass_context
def semgrep(ctx: click.Context, file: str | None) -> None:
    """Print FILE (a path or builtin:NAME; default: the policy that applies here) as rules for Semgrep.

    Where there is no policy, the rules are those that need none. Semgrep is not needed for that. What its rules cannot say is listed at
    their head.
    """
    from stigmer_lint.policy.load import NO_POLICY, find_policy
    from stigmer_lint.policy.semgrep import pack

    here = Path.cwd()
    click.echo(pack(NO_POLICY if file is None and find_policy(here, _root(here)) is None else _load(ctx, file)), nl=False)


def _load(ctx: click.Context, file: str | None) -> LoadedPolicy:
    from stigmer_lint.policy.load import find_policy, load_policy

    here = Path.cwd()
    root = _root(here)
    if file is None:
        found = find_policy(here, root)
        if found is None:
            raise UsageError("no stigmer-lint.yaml or .stigmer-lint.yaml from here up to the repository's root; name a file or builtin:NAME")
        file = str(found)
    return load_policy(file, root, rules=_rules(ctx))


def _root(here: Path) -> Path:
    """The repository's root, else the current folder."""
    return next((folder for folder in (here, *here.parents) if (folder / ".git").exists()), here)


def _rules(ctx: click.Context) -> Mapping[str, str] | None:
    known = ctx.meta.get(RULES)
    known = known() if callable(known) else known
    return known if isinstance(known, Mapping) else None

