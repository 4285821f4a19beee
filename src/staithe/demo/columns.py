"""Arrow columns from numpy arrays: numbers and flags without a copy, codes as words.

A million rows are held once, and only the words that differ are ever spelled out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


if TYPE_CHECKING:
    from collections.abc import Sequence

    from staithe.demo.draws import Ints, Mask


def whole(numbers: Ints) -> pa.Array:
    """Return whole numbers as an Arrow column of the same width."""
    flat = np.ascontiguousarray(numbers)
    kind = pa.from_numpy_dtype(flat.dtype)
    return pa.Array.from_buffers(kind, len(flat), [None, pa.py_buffer(flat)])


def flags(mask: Mask) -> pa.Array:
    """Return booleans as an Arrow column."""
    bits = np.packbits(mask, bitorder="little")
    return pa.Array.from_buffers(pa.bool_(), len(mask), [None, pa.py_buffer(bits)])


def spelled(vocabulary: Sequence[str | None], codes: Ints) -> pa.Array:
    """Return the word of each code; the code -1 is the last word, as in a list."""
    places = np.where(codes < 0, codes + len(vocabulary), codes)
    return pa.array(list(vocabulary), pa.string()).take(whole(places))


def digits(numbers: Ints, width: int = 0) -> pa.Array:
    """Return whole numbers as texts, with zeros before them up to a width."""
    return pc.utf8_lpad(whole(numbers).cast(pa.string()), width, "0")
