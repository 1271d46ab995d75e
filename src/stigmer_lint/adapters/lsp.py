"""The command `lsp`: a language server, for which pygls has to be installed (the extra `lsp`)."""

from __future__ import annotations

import click

from stigmer_lint.errors import UsageError


@click.command()
@click.option("--policy", "policy_file", metavar="FILE", help="Policy file, or builtin:NAME. Default: stigmer-lint.yaml of each project.")
@click.option("--min-confidence", type=click.Choice(["high", "medium", "low"]), default="medium", show_default=True, help="Leave out less certain findings.")
def lsp(policy_file: str | None, min_confidence: str) -> None:
    """Serve an editor over standard input and output, by the Language Server Protocol.

    The project around an open file is checked when a file is opened or saved, with what the editor holds in place of what is on disk.
    """
    try:
        from stigmer_lint.adapters.lsp_server import serve
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] not in ("pygls", "lsprotocol"):
            raise
        raise UsageError("The language server needs pygls: pip install 'stigmer-lint[lsp]'.") from error
    serve(policy_file, min_confidence)
