"""Write the part of Fashion-MNIST that this folder carries: the first 6,000 training and 1,000 test images.

    python make_subset.py [FOLDER OF THE FULL SET]

The full set is what Debian's package `dataset-fashion-mnist` installs. An idx file is a magic number whose
last byte counts the axes, one big-endian uint32 for each axis, then the bytes in row-major order.
The same set gives the same uncompressed bytes everywhere; the compressed ones depend on the zlib in use.
"""

import gzip
import struct
import sys
from pathlib import Path

FULL_SET = Path("/usr/share/datasets/fashion-mnist")
COUNTS = {
    "train-images-idx3-ubyte.gz": 6000,
    "train-labels-idx1-ubyte.gz": 6000,
    "t10k-images-idx3-ubyte.gz": 1000,
    "t10k-labels-idx1-ubyte.gz": 1000,
}


def first_items(content: bytes, count: int) -> bytes:
    """The idx file that holds the first `count` items of the idx file `content`.

    >>> first_items(bytes([0, 0, 8, 1, 0, 0, 0, 3, 7, 8, 9]), 2)
    b'\\x00\\x00\\x08\\x01\\x00\\x00\\x00\\x02\\x07\\x08'
    """
    ndim = content[3]
    shape = struct.unpack_from(f">{ndim}I", content, offset=4)
    header_size = 4 + 4 * ndim
    item_size = (len(content) - header_size) // shape[0]
    header = content[:4] + struct.pack(f">{ndim}I", count, *shape[1:])
    return header + content[header_size : header_size + count * item_size]


def main() -> None:
    full_set = Path(sys.argv[1]) if len(sys.argv) > 1 else FULL_SET
    if not full_set.is_dir():
        sys.exit(f"{full_set}: no such folder; install Debian's dataset-fashion-mnist, or name a folder")
    here = Path(__file__).parent
    for name, count in COUNTS.items():
        subset = first_items(gzip.decompress((full_set / name).read_bytes()), count)
        # mtime: the same bytes each time
        (here / name).write_bytes(gzip.compress(subset, compresslevel=9, mtime=0))
        print(f"{name}: {count} items")


if __name__ == "__main__":
    main()
