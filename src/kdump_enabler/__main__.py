"""`python -m kdump_enabler` is the kdump-enabler command."""

from .cli import main

main()
