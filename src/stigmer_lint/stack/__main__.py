"""`python -m stigmer_lint.stack PART`: one stand-in, until it is ended."""

from __future__ import annotations

import logging
import sys

import msgspec

from stigmer_lint.stack.standin import Part, serve

if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="embedded %(asctime)s %(message)s")
    serve(msgspec.json.decode(sys.argv[1].encode(), type=Part))
