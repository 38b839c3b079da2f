"""`python -m trivium`: the command line without a script on the path."""

from .cli import main

main()
