"""The IDX format of the MNIST files, gzip-compressed or not: a strict reader and an atomic writer.

A file is two zero bytes, a byte for the type, a byte for the number of dimensions, each dimension as a big-endian
uint32, then the values, big-endian, last dimension fastest (http://yann.lecun.com/exdb/mnist/).
"""

from __future__ import annotations

import gzip
import math
import os
import zlib
from pathlib import Path
from typing import IO, Any

import numpy as np

from tersenet._errors import TersenetError
from tersenet._files import write_whole

Array = np.ndarray[Any, np.dtype[Any]]

TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_CODES = {np.dtype(kind).newbyteorder("="): code for code, kind in TYPES.items()}

LIMIT = 2**30  # bytes of values; twenty times the largest named set
_MOST_DIMENSIONS = 32
_CHUNK = 2**20
_DEFLATE_RATIO = 1032  # no deflate stream grows by more (zlib's technical details)


def read_idx(path: str | Path, *, limit: int = LIMIT) -> Array:
    """Read one IDX file as an array of its own type and shape, in the machine's byte order.

    The file must hold exactly what its header says: no byte fewer, no byte more. Memory is only taken for bytes that
    are there, and never more than `limit` (default 1 GiB), whatever the header or the compressed stream claims.
    A name that ends in `.gz` must be gzip; without it, the first bytes tell.

    Raises TersenetError: missing, not IDX, truncated, too long, too large, broken gzip.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_idx(f"{folder}/labels-idx1-ubyte.gz", np.array([7, 2, 1], dtype=np.uint8))
    ...     read_idx(f"{folder}/labels-idx1-ubyte.gz")
    array([7, 2, 1], dtype=uint8)
    """
    path = Path(path)
    if path.exists() and not path.is_file():
        raise TersenetError("This is not a file.", expected="an IDX file", where=path)
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            zipped = path.suffix == ".gz" or file.peek(2)[:2] == b"\x1f\x8b"
            if not zipped:
                return _read(file, path, there=size, limit=limit)
            with gzip.GzipFile(fileobj=file) as unzipped:
                return _read(unzipped, path, there=size * _DEFLATE_RATIO, limit=limit)
    except (gzip.BadGzipFile, zlib.error) as error:
        raise TersenetError("The gzip file is damaged.", got=str(error), expected="gzip", where=path) from None
    except EOFError:
        raise TersenetError("The gzip file is truncated.", got="its end is missing", where=path) from None
    except OSError as error:
        raise TersenetError("The file cannot be read.", got=error.strerror or error, where=path) from None


def _read(file: IO[bytes] | gzip.GzipFile, path: Path, *, there: int, limit: int) -> Array:
    """The array in an open stream that can give at most `there` bytes."""
    magic = _exactly(file, 4, path, "the header")
    kind, dimensions = TYPES.get(magic[2]), magic[3]
    if magic[:2] != b"\0\0" or kind is None or not 1 <= dimensions <= _MOST_DIMENSIONS:
        raise TersenetError(
            "This is not an IDX file.",
            got="it begins with the bytes " + magic.hex(" "),
            expected="00 00, a type (08 09 0b 0c 0d 0e), the number of dimensions (01 to 20)",
            where=path,
        )
    shape = tuple(int(n) for n in np.frombuffer(_exactly(file, 4 * dimensions, path, "the header"), ">u4"))
    # An empty dimension counts as one here: 0 × 4 billion × 4 billion is no array either.
    promised = math.prod(max(n, 1) for n in shape) * np.dtype(kind).itemsize
    wanted = math.prod(shape) * np.dtype(kind).itemsize
    if promised > limit:
        raise TersenetError(
            "The header claims more data than the file can hold.",
            got=f"{_times(shape)} values, {promised} bytes",
            expected=f"at most {limit} bytes",
            where=path,
        )
    if wanted + 4 + 4 * dimensions > there:
        raise _truncated(path, f"the {_times(shape)} values", wanted, f"a file too small for {wanted} bytes")
    values = _exactly(file, wanted, path, f"the {_times(shape)} values")
    if file.read(1):
        raise TersenetError(
            "The file is longer than its header says.",
            got="bytes after the last value",
            expected=f"{_times(shape)} values, {wanted} bytes",
            where=path,
        )
    return np.frombuffer(values, kind).reshape(shape).astype(np.dtype(kind).newbyteorder("="), copy=False)


def _exactly(file: IO[bytes] | gzip.GzipFile, count: int, path: Path, what: str) -> bytearray:
    """The next `count` bytes; memory grows with what arrives, not with what was promised."""
    content = bytearray()
    while len(content) < count:
        chunk = file.read(min(_CHUNK, count - len(content)))
        if not chunk:
            raise _truncated(path, what, count, f"{len(content)} bytes")
        content += chunk
    return content


def _truncated(path: Path, what: str, count: int, got: str) -> TersenetError:
    return TersenetError("The file is truncated.", got=got, expected=f"{count} bytes for {what}", where=path)


def _times(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))


def idx_header(array: Array) -> bytes:
    """The bytes before the values of `array`; raises TersenetError for a type that IDX does not support.

    >>> idx_header(np.zeros((60_000, 28, 28), np.uint8)).hex(" ", 4)
    '00000803 0000ea60 0000001c 0000001c'
    """
    code = _CODES.get(array.dtype.newbyteorder("="))
    if code is None or not 1 <= array.ndim <= _MOST_DIMENSIONS or max(array.shape) >= 2**32:
        raise TersenetError(
            "IDX cannot store this array.",
            got=f"{array.dtype}, {array.ndim} dimensions",
            expected="uint8, int8, int16, int32, float32 or float64, 1 to 32 dimensions",
        )
    return bytes([0, 0, code, array.ndim]) + np.array(array.shape, ">u4").tobytes()


def write_idx(path: str | Path, array: Array) -> None:
    """Write `array` as IDX, compressed where the name ends in `.gz`; the same array gives the same bytes.

    The file appears whole or not at all. Raises TersenetError for a type that IDX does not support.
    """
    path = Path(path)
    content = idx_header(array) + np.ascontiguousarray(array, array.dtype.newbyteorder(">")).tobytes()
    if path.suffix == ".gz":
        content = gzip.compress(content, mtime=0)
    write_whole(path, content)
