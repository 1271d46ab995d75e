"""The command. `python -m stigmer_lint` and the console script both come here."""

from __future__ import annotations

import gc
import sys


def _leave_working_folder() -> None:
    """Take the folder that `python -m` puts in front of everything else off the import path: it may be the tree that is checked, and
    nothing of that may be imported. (That a folder named stigmer_lint in it is not what runs, stigmer-lint.pth has seen to before.)"""
    if sys.flags.safe_path or not sys.path:
        return
    first = sys.path[0]
    del sys.path[0]
    from pathlib import Path

    if Path(first).resolve() == Path(__file__).resolve().parent.parent:
        # Run from its own source folder, it has to find the rest of itself there.
        sys.path.insert(0, first)


def main() -> int:
    """Run the command line; returns the exit status."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        from stigmer_lint import __version__

        sys.stdout.write(f"stigmer-lint {__version__}\n")
        return 0
    # Half of the collector's work in a short run is looking at modules while they are imported.
    gc.set_threshold(max(gc.get_threshold()[0], 100_000), 20, 20)
    from stigmer_lint.cli import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    _leave_working_folder()
    sys.exit(main())
