"""The kdump-enabler command, also as `python -m kdump_enabler`."""

import sys

from .fleet import starting


def main() -> None:
    """Entry point; what takes longest to start comes first."""
    starting.begin(sys.argv[1:])
    from .cli import main as command  # noqa: PLC0415

    command()


if __name__ == "__main__":
    main()
