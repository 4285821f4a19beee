"""Crosswalks that a specification names are public registers of this service."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from staithe.base.errors import BadInput
from staithe.registers import reading
from staithe.registers.item import as_text
from staithe.registers.models import Register


if TYPE_CHECKING:
    from staithe.linkage.crosswalk import Crosswalk
    from staithe.linkage.specification import LinkSpecification


def crosswalk_registers(wanted: LinkSpecification, folder: Path) -> list[Crosswalk]:
    """Write each register that a specification names to a file; BadInput names one.

    The key of a record is the old code; the new one is in `replaced-by` or `to`.
    """
    from staithe.linkage.crosswalk import Crosswalk

    found = []
    for number, (column, name) in enumerate(wanted.crosswalks.items()):
        register = Register.objects.filter(name=name, is_public=True).first()
        if register is None or not register.records:
            raise BadInput(
                f"There is no public register {name} with records to bring {column} "
                "up to date by.",
                field=column,
            )
        path = folder / f"crosswalk-{number}.parquet"
        _write(register, path)
        found.append(Crosswalk(column, name, path))
    return found


def _write(register: Register, path: Path) -> None:
    entries = reading.records(register.pk, 1, register.records)
    values = [json.loads(each.data or "{}") for each in entries]
    names = sorted({name for each in values for name in each} - {register.name})
    columns = {register.name: [each.key for each in entries]}
    columns |= {name: [as_text(each, name) for each in values] for name in names}
    pq.write_table(pa.table(columns), path)
