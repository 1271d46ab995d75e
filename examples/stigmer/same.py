"""Print the findings that two reports in JSON have in common, by their fingerprints: `python3 same.py LINT.json RUN.json`."""

import json
import sys

lint, run = (json.load(open(name, encoding="utf-8"))["findings"] for name in sys.argv[1:3])
for one in lint:
    if any(one["fingerprint"] == other["fingerprint"] for other in run):
        print(f"{one['rule']} {one['fingerprint']} {one['path']}:{one['line']} {one['env']}")
