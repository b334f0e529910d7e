"""The long tier, one case at a time: `make test-long`, or `python3 -m tests.long [WORD]` for cases with a word in their
name. What passed is remembered for this commit, so that an interrupted run goes on where it was; each case leaves a
line in benchmarks/results/<date>-long.md.
"""

import json
import subprocess
import sys
import time
from datetime import datetime, timezone
from itertools import groupby
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
HEAD = "| case | result | seconds | commit |\n|---|---|---|---|\n"


def main() -> int:
    """Run what has not passed yet; returns 1 if something failed."""
    commit, words = _commit(), sys.argv[1:]
    memory = REPOSITORY / ".cache" / "long" / f"{commit}.json"
    # What passed in a tree that is not committed says nothing of the same tree tomorrow.
    passed = json.loads(memory.read_text()) if memory.exists() and not commit.endswith("-dirty") else []
    chosen = {name: ids for name, ids in cases(_collected()).items() if all(word in name for word in words)}
    failed: list[str] = []
    for number, (name, ids) in enumerate(chosen.items(), 1):
        print(f"==== {number} of {len(chosen)}: {name}{' (passed before)' if name in passed else ''}", flush=True)
        if name in passed:
            continue
        started = time.monotonic()
        good = subprocess.run(_pytest("-v", "-s", *ids), cwd=REPOSITORY, check=False).returncode == 0
        _report(name, "passed" if good else "failed", time.monotonic() - started, commit)
        (passed if good else failed).append(name)
        memory.parent.mkdir(parents=True, exist_ok=True)
        memory.write_text(json.dumps(passed))
    print(f"==== {len(chosen) - len(failed)} passed{''.join(f', failed: {name}' for name in failed)}")
    return 1 if failed else 0


def cases(node_ids: list[str]) -> dict[str, list[str]]:
    """The cases by name: tests of one function and one last parameter, such as the steps of a suite's story, in the
    order in which pytest plays them."""

    def case(node_id: str) -> str:
        function, _, parameters = node_id.partition("[")
        return f"{function.rpartition('/')[2]} {parameters.rstrip(']').rpartition('-')[2]}".rstrip()

    return {name: list(ids) for name, ids in groupby(sorted(node_ids, key=case), key=case)}


def _collected() -> list[str]:
    command = _pytest("--collect-only", "-q", "-m", "long", "tests/system")
    listing = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    if listing.returncode:
        sys.exit(listing.stdout + listing.stderr)
    return [line for line in listing.stdout.splitlines() if "::" in line]


def _pytest(*words: str) -> list[str]:
    return [sys.executable, "-m", "pytest", *words]


def _report(name: str, result: str, seconds: float, commit: str) -> None:
    date = datetime.now(timezone.utc).date().isoformat()
    page = REPOSITORY / "benchmarks" / "results" / f"{date}-long.md"
    text = page.read_text() if page.exists() else f"# {date}, the long tier\n\n{HEAD}"
    page.write_text(f"{text}| {name} | {result} | {seconds:.0f} | {commit} |\n")


def _commit() -> str:
    """What is tested; the pages with results, which this run itself writes, do not count."""
    changed = _git("status", "--porcelain", "--", ".", ":!benchmarks/results")
    return _git("rev-parse", "--short", "HEAD") + ("-dirty" if changed else "")


def _git(*words: str) -> str:
    return subprocess.run(["git", *words], cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
