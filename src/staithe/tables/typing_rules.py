"""Give a text column a narrower type only where no digit and no zero is lost.

`0123` stays text, `2024-02-30` stays text. A type is kept only if writing the typed
value back gives the text that came in (for decimals: the same number).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc


MAX_DIGITS = 38  # of Arrow's decimal128
PROBE = 256
DECIMAL = r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?$"


def _same_back(values: pa.Array, kind: pa.DataType) -> bool:
    try:
        return bool(values.cast(kind).cast(pa.string()).equals(values))
    except pa.ArrowInvalid:
        return False


@dataclass
class Candidate:
    """Which types one text column could still have, after the batches seen so far."""

    could_be: list[str] = field(default_factory=lambda: ["integer", "date", "decimal"])
    whole: int = 1
    scale: int = 0
    seen: int = 0

    def see(self, values: pa.Array) -> None:
        """Strike out every type that some value of this batch does not fit."""
        if not self.could_be:
            return
        filled = values.drop_null()
        if len(filled) == 0:
            return
        self.seen += len(filled)
        self._strike(filled.slice(0, PROBE))  # most columns are settled by a few rows
        if self.could_be and len(filled) > PROBE:
            self._strike(filled)

    def _strike(self, values: pa.Array) -> None:
        if "integer" in self.could_be and _same_back(values, pa.int64()):
            # A whole number is a decimal too, if later batches have a point.
            self.could_be = [kind for kind in self.could_be if kind != "date"]
            self.whole = max(self.whole, pc.max(pc.binary_length(values)).as_py())
            return
        kept = {
            "date": "date" in self.could_be and _same_back(values, pa.date32()),
            "decimal": "decimal" in self.could_be and self._fits_decimal(values),
        }
        self.could_be = [kind for kind, fits in kept.items() if fits]

    def _fits_decimal(self, values: pa.Array) -> bool:
        if not pc.all(pc.match_substring_regex(values, DECIMAL)).as_py():
            return False
        length = pc.binary_length(values)
        point = pc.find_substring(values, ".")
        sign = pc.cast(pc.starts_with(values, "-"), pa.int32())
        has_point = pc.greater_equal(point, 0)
        whole = pc.subtract(pc.if_else(has_point, point, length), sign)
        after = pc.subtract(pc.subtract(length, point), 1)
        fraction = pc.if_else(has_point, after, 0)
        self.whole = max(self.whole, pc.max(whole).as_py())
        self.scale = max(self.scale, pc.max(fraction).as_py())
        return self.whole + self.scale <= MAX_DIGITS

    def decide(self) -> pa.DataType:
        """Return the narrowest type that every value fits; text where none was seen."""
        if not self.seen or not self.could_be:
            return pa.string()
        if "integer" in self.could_be:
            return pa.int64()
        if "date" in self.could_be:
            return pa.date32()
        return pa.decimal128(self.whole + self.scale, self.scale)


def decide_types(
    batches: Sequence[pa.RecordBatch], names: Sequence[str]
) -> dict[str, pa.DataType]:
    """Decide the types of text batches held in memory."""
    candidates = {name: Candidate() for name in names}
    for batch in batches:
        for name in names:
            candidates[name].see(batch.column(name))
    return {name: candidate.decide() for name, candidate in candidates.items()}


def to_typed(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """Cast a batch of text to the types that the first pass decided."""
    arrays = [batch.column(at).cast(field.type) for at, field in enumerate(schema)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)
