"""`python -m trivium`: the command line without a script on the path."""

from .cli import main

if __name__ == "__main__":
    main()
