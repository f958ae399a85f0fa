"""IDX files are read exactly or not at all, in bounded memory and time."""

import gzip
import struct
import tempfile
import time
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra import numpy as st_numpy

from tersenet._errors import TersenetError
from tersenet.data.formats.idx import read_idx, write_idx

TYPES = [np.uint8, np.int8, np.int16, np.int32, np.float32, np.float64]
ARRAYS = st.sampled_from(TYPES).flatmap(
    lambda kind: st_numpy.arrays(kind, st_numpy.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=5))
)
LABELS = struct.pack(">BBBBI", 0, 0, 8, 1, 5) + bytes([7, 2, 1, 0, 4])
TABLE = struct.pack(">BBBBII", 0, 0, 12, 2, 2, 3) + struct.pack(">6i", 5, -1, 3_000_000, 0, 2, -(2**31))


def read(content: bytes, name: str = "file-idx"):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_bytes(content)
        return read_idx(path)


def unpack(content: bytes):
    """What a valid payload holds, by the format's description and nothing else."""
    kind = {8: "B", 9: "b", 11: "h", 12: "i", 13: "f", 14: "d"}[content[2]]
    dimensions = content[3]
    shape = struct.unpack(f">{dimensions}I", content[4 : 4 + 4 * dimensions])
    values = content[4 + 4 * dimensions :]
    return shape, struct.unpack(f">{len(values) // struct.calcsize(kind)}{kind}", values)


def test_labels_packed_by_hand_are_read():
    labels = read(LABELS)
    assert labels.dtype == np.uint8
    assert labels.tolist() == [7, 2, 1, 0, 4]


def test_big_endian_integers_are_read_in_the_machine_s_order():
    table = read(TABLE)
    assert table.dtype == np.dtype("=i4")
    assert table.tolist() == [[5, -1, 3_000_000], [0, 2, -(2**31)]]


def test_compressed_and_plain_files_hold_the_same_array():
    assert read(gzip.compress(TABLE), "labels.gz").tolist() == read(TABLE).tolist()
    assert read(gzip.compress(TABLE), "labels").tolist() == read(TABLE).tolist()
    halves = gzip.compress(TABLE[:9]) + gzip.compress(TABLE[9:])
    assert read(halves, "labels.gz").tolist() == read(TABLE).tolist()


@given(ARRAYS, st.booleans())
@settings(deadline=None, max_examples=60)
def test_what_is_written_is_read_back_and_is_what_the_format_says(array, zipped):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "array.gz" if zipped else "array")
        write_idx(path, array)
        back = read_idx(path)
        payload = gzip.decompress(path.read_bytes()) if zipped else path.read_bytes()
    assert back.dtype == array.dtype
    np.testing.assert_array_equal(back, array)
    shape, values = unpack(payload)
    assert shape == array.shape
    np.testing.assert_array_equal(np.array(values, array.dtype), array.ravel())


def test_an_array_read_can_be_written_to():
    """torch.from_numpy warns of arrays that cannot."""
    assert read(LABELS).flags.writeable
    assert read(TABLE).flags.writeable


def test_the_same_array_gives_the_same_compressed_bytes(tmp_path):
    for name in ("a.gz", "b.gz"):
        write_idx(tmp_path / name, np.arange(9, dtype=np.int16))
    assert (tmp_path / "a.gz").read_bytes() == (tmp_path / "b.gz").read_bytes()


MUTATIONS = st.lists(
    st.tuples(st.sampled_from(["flip", "cut", "insert", "append"]), st.integers(0, 200), st.integers(1, 255)),
    min_size=1,
    max_size=4,
)


def mutate(content: bytes, mutations) -> bytes:
    changed = bytearray(content)
    for kind, place, value in mutations:
        place %= len(changed) + 1
        if kind == "cut":
            del changed[place:]
        elif kind == "append":
            changed.append(value)
        elif kind == "insert":
            changed.insert(place, value)
        elif place < len(changed):
            changed[place] ^= value
    return bytes(changed)


@given(st.sampled_from([LABELS, TABLE]), st.booleans(), MUTATIONS)
@settings(deadline=None, max_examples=250)
def test_a_damaged_file_is_an_error_or_still_says_exactly_what_is_read(valid, zipped, mutations):
    content = mutate(gzip.compress(valid, mtime=0) if zipped else valid, mutations)
    name = "file.gz" if zipped else "file"
    try:
        array = read(content, name)
    except TersenetError:
        return
    payload = gzip.decompress(content) if zipped or content[:2] == b"\x1f\x8b" else content
    shape, values = unpack(payload)
    assert array.shape == shape
    np.testing.assert_array_equal(array.ravel(), np.array(values, array.dtype))


@given(st.binary(max_size=60), st.booleans())
@settings(deadline=None, max_examples=100)
def test_arbitrary_bytes_never_crash_the_reader(content, zipped):
    try:
        read(gzip.compress(content) if zipped else content, "file.gz" if zipped else "file")
    except TersenetError:
        return
    unpack(content)


def packed(shape, *, kind=8, values=b""):
    return struct.pack(f">BBBB{len(shape)}I", 0, 0, kind, len(shape), *shape) + values


GIGANTIC = [
    packed([2**32 - 1] * 3),
    packed([2**32 - 1] * 32, kind=14),
    packed([0, 2**32 - 1, 2**32 - 1]),
    packed([2**29]),
    packed([60_000, 28, 28]),
]


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize(
    "content", GIGANTIC, ids=["3 GiB³", "32 dimensions", "0 × gigantic", "half a GiB", "no values"]
)
def test_gigantic_dimensions_cost_neither_memory_nor_time(content, zipped):
    tracemalloc.start()
    start = time.perf_counter()
    with pytest.raises(TersenetError, match=r"claims more data|truncated"):
        read(gzip.compress(content) if zipped else content)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5e6
    assert time.perf_counter() - start < 1


def bomb(size: int, start: bytes) -> bytes:
    """A gzip file of `size` zeros after `start`, made without holding them."""
    zipper = zlib.compressobj(9, zlib.DEFLATED, 31)
    parts = [zipper.compress(start)]
    parts += [zipper.compress(bytes(2**20)) for _ in range(size >> 20)]
    return b"".join([*parts, zipper.flush()])


@pytest.mark.parametrize(
    ("start", "problem"),
    [
        (packed([5]), "longer than its header says"),
        (packed([2**31]), "claims more data"),
        (b"", "not an IDX file"),
    ],
    ids=["longer than it says", "beyond the limit", "zeros only"],
)
def test_a_gzip_bomb_is_not_unpacked(start, problem):
    content = bomb(40 << 20, start)
    assert len(content) < 60_000
    tracemalloc.start()
    with pytest.raises(TersenetError, match=problem):
        read(content, "bomb.gz")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10e6


ZIPPED = gzip.compress(TABLE, mtime=0)


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("empty", b"", "truncated"),
        ("short", TABLE[:-1], "truncated"),
        ("header-only", TABLE[:8], "truncated"),
        ("long", TABLE + b"\0", "longer than its header says"),
        ("text", b"PK\3\4 this is a zip", "not an IDX file"),
        ("type", packed([1], kind=10, values=b"\1"), "not an IDX file"),
        ("scalar", packed([], values=b"\1"), "not an IDX file"),
        ("plain.gz", TABLE, "gzip file is damaged"),
        ("empty.gz", b"", "truncated"),
        ("cut.gz", ZIPPED[:-9], "truncated"),
        ("crc.gz", ZIPPED[:-8] + bytes([ZIPPED[-8] ^ 1]) + ZIPPED[-7:], "gzip file is damaged"),
        ("trailing.gz", ZIPPED + b"junk", "gzip file is damaged"),
        ("inside.gz", gzip.compress(TABLE[:-2], mtime=0), "truncated"),
    ],
)
def test_each_kind_of_damage_is_named_with_its_file(name, content, problem):
    with pytest.raises(TersenetError, match=problem) as caught:
        read(content, name)
    assert caught.value.where.name == name


def test_a_missing_file_and_a_folder_are_errors(tmp_path):
    for path in (tmp_path / "none", tmp_path / "none.gz", tmp_path):
        with pytest.raises(TersenetError):
            read_idx(path)


@pytest.mark.parametrize("array", [np.zeros(3, np.int64), np.zeros((), np.uint8), np.zeros(3, bool)])
def test_what_idx_cannot_hold_is_refused_and_leaves_no_file(array, tmp_path):
    with pytest.raises(TersenetError, match="cannot store"):
        write_idx(tmp_path / "file", array)
    assert not list(tmp_path.iterdir())
