"""Times commands in turn on the machine it runs on: `python3 alternating.py ROUNDS COMMAND...`.

One file with nothing but the standard library, so that it can be copied to a machine. Prints a JSON list with the
wall seconds of each round for each command; the first round, which fills the caches, is left out.
"""

import json
import shlex
import subprocess
import sys
import time


def seconds(argv: list[str]) -> float:
    """The wall time of one run, whatever its exit status."""
    started = time.monotonic()
    subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return time.monotonic() - started


def main() -> None:
    """Run the rounds."""
    rounds, commands = int(sys.argv[1]), [shlex.split(words) for words in sys.argv[2:]]
    measured = [[seconds(argv) for argv in commands] for _ in range(rounds + 1)]
    print(json.dumps([list(times) for times in zip(*measured[1:], strict=True)]))


if __name__ == "__main__":
    main()
