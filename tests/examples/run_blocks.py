"""Run the Python blocks of a page in one namespace: `run_blocks.py PAGE < blocks.json`.

The test starts this in a process of its own, since pages define ops and layers.
"""

import json
import sys
import traceback
from contextlib import redirect_stdout
from io import StringIO


def run(page, blocks):
    """Run (line, code, what it is said to print or None) of each block; return what is wrong, or None."""
    namespace = {"__name__": "__main__"}
    for line, code, printed in blocks:
        out = StringIO()
        try:
            with redirect_stdout(out):
                exec(compile("\n" * (line - 1) + code, page, "exec"), namespace)  # tracebacks name the page's lines
        except Exception:
            return f"{page}:{line}\n{traceback.format_exc()}"
        if printed is not None and out.getvalue().split() != printed.split():
            return f"{page}:{line} prints\n{out.getvalue()}and not\n{printed}"
    return None


if __name__ == "__main__":
    sys.exit(run(sys.argv[1], json.load(sys.stdin)))
