"""Plans: which runs there will be, written before the first of them.

A plan is a YAML file with `defaults` and `runs`. Every run has `name`, `claims`, `kind` (what is run: a key of `run.KINDS`),
`seed`, `seconds` (expected, on one GPU), `priority` (small numbers first) and what its kind needs: `arm`, `steps`, `encoder`,
`language`. `encoder` names the run that makes the encoder, or "before" for the one that was there before the study.
"""

from pathlib import Path

import yaml

BEFORE = "before"
REQUIRED = {"name": str, "claims": list, "kind": str, "seed": int, "seconds": int | float, "priority": int | float}


def read_plan(paths: list[Path]) -> list[dict]:
    """All runs of the files, checked, in the order in which they are taken up."""
    runs = []
    for path in paths:
        content = yaml.safe_load(Path(path).read_text())
        for row in content["runs"]:
            row = {**content.get("defaults", {}), **row}
            for key, kind in REQUIRED.items():
                if not isinstance(row.get(key), kind):
                    raise ValueError(f"{path}: run {row.get('name')!r} needs {key!r} ({kind})")
            runs.append(row)
    names = [row["name"] for row in runs]
    if twice := sorted({n for n in names if names.count(n) > 1}):
        raise ValueError(f"runs named twice: {', '.join(twice)}")
    for row in runs:
        if needed(row) and needed(row) not in names:
            raise ValueError(f"run {row['name']!r} needs the encoder of {needed(row)!r}, which no plan has")
    return sorted(runs, key=lambda row: (row["priority"], -row["seconds"]))


def needed(row: dict) -> str | None:
    """The run that must be done before this one."""
    encoder = row.get("encoder")
    return None if encoder in (None, BEFORE) else encoder
