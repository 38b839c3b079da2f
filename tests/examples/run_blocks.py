"""Run the Python blocks of a page in one namespace, and print what each printed: `run_blocks.py PAGE < blocks.json`.

The test starts this in a process of its own, since pages define ops and layers.
"""

import json
import sys
import traceback
from contextlib import redirect_stdout
from io import StringIO


def run(page, blocks):
    """What each of the blocks (line, code) prints."""
    namespace, printed = {"__name__": "__main__"}, []
    for line, code in blocks:
        out = StringIO()
        try:
            with redirect_stdout(out):
                exec(compile("\n" * (line - 1) + code, page, "exec"), namespace)  # tracebacks name the page's lines
        except Exception:
            sys.exit(f"{page}:{line}\n{traceback.format_exc()}")
        printed.append(out.getvalue())
    return printed


if __name__ == "__main__":
    print(json.dumps(run(sys.argv[1], json.load(sys.stdin))))
