"""Write the text that this folder carries: The Devil's Dictionary, by Ambrose Bierce.

    python make_text.py [FILE devil.dict.dz]

The file is what Debian's package `dict-devil` installs.  The header is left out, and so are two entries that consist
of a racial slur.  The same file gives the same uncompressed bytes everywhere.
"""

import gzip
import re
import sys
from pathlib import Path

SOURCE = Path("/usr/share/dictd/devil.dict.dz")
LEFT_OUT = ("AFRICAN", "MINSTREL")


def main() -> None:
    source = Path(sys.argv[1]) if len(sys.argv) > 1 else SOURCE
    if not source.is_file():
        sys.exit(f"{source}: no such file; install Debian's dict-devil, or name its devil.dict.dz")
    text = gzip.decompress(source.read_bytes()).decode("ascii")
    text = text[text.index("_The Devil's Dictionary_ was begun") : text.rindex("\n abcdefg")]  # the book, no frame
    entries = re.split(r"\n(?=[A-Z'-]+[,.] )", text)
    kept = "\n".join(entry for entry in entries if not entry.startswith(LEFT_OUT))
    # mtime: the same bytes each time
    target = Path(__file__).parent / "devils_dictionary.txt.gz"
    target.write_bytes(gzip.compress(kept.encode(), compresslevel=9, mtime=0))
    print(f"{target.name}: {len(kept):,} characters, {len(entries) - len(LEFT_OUT):,} entries")


if __name__ == "__main__":
    main()
