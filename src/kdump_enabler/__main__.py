"""The kdump-enabler command, also as `python -m kdump_enabler`."""

import sys


def main() -> None:
    """Entry point; what takes longest to start comes first."""
    try:
        from .fleet import starting  # noqa: PLC0415

        starting.begin(sys.argv[1:])
        from .cli import main as command  # noqa: PLC0415
    except KeyboardInterrupt:
        sys.stderr.write("kdump-enabler: Interrupted.\n")  # before anything was begun
        sys.exit(2)
    command()


if __name__ == "__main__":
    main()
