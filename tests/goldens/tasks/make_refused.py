"""Writes refused/: Parquet files in TextVQA's layout at the Hub that must be refused with a sentence and without much memory.

    python tests/goldens/tasks/make_refused.py

Needs pyarrow. `rows_*.parquet` claim more rows in their footer than there are; `gzip` and `lz4` are packed with what is not read; `grows` has a
picture of 300 MB of zeros in a few kB; `no_answers` lacks a column; `empty` has no rows.
"""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

OUT = Path(__file__).with_name("refused")
IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
SCHEMA = pa.schema([("question_id", pa.int64()), ("image_id", pa.string()), ("image", IMAGE), ("question", pa.string()), ("answers", pa.list_(pa.string()))])


def rows(count: int, picture: bytes = b"no picture") -> pa.Table:
    row = {"image_id": "a", "image": {"bytes": picture, "path": "a.png"}, "question": "What is it?", "answers": ["a"] * 10}
    return pa.Table.from_pylist([{"question_id": at, **row} for at in range(count)], schema=SCHEMA)


def claim(data: bytes, count: int) -> bytes:
    """The file with another number of rows in its footer: field 3 of Thrift's FileMetaData, a zigzag varint."""
    length = int.from_bytes(data[-8:-4], "little")
    footer = data[-8 - length : -8]
    value, varint = count << 1, b""
    while value > 127:
        varint, value = varint + bytes([value & 127 | 128]), value >> 7
    varint += bytes([value])
    schema_end = footer.index(b"schema") + len("schema")  # the root's name, before which the version is
    at = footer.index(b"\x16\x06\x19", schema_end) + 1  # field of type i64: 3 rows; then the list of row groups
    footer = footer[:at] + varint + footer[at + 1 :]
    return data[: -8 - length] + footer + len(footer).to_bytes(4, "little") + b"PAR1"


def main() -> None:
    OUT.mkdir(exist_ok=True)
    whole = OUT / "whole.tmp"
    pq.write_table(rows(3), whole, compression="snappy")
    data = whole.read_bytes()
    whole.unlink()
    (OUT / "rows_abort.parquet").write_bytes(claim(data, 1_000_000_000))
    (OUT / "rows_panic.parquet").write_bytes(claim(data, 1 << 61))
    for packing in ("gzip", "lz4"):
        pq.write_table(rows(3), OUT / f"{packing}.parquet", compression=packing)
    pq.write_table(rows(1, bytes(300_000_000)), OUT / "grows.parquet", compression="zstd", compression_level=19, use_dictionary=False, write_statistics=False)
    pq.write_table(rows(3).drop_columns(["answers"]), OUT / "no_answers.parquet", compression="snappy")
    pq.write_table(rows(0), OUT / "empty.parquet", compression="snappy")


if __name__ == "__main__":
    main()
