"""What a linker does, who has tokens and no key: which rows of two files are one person.

Field tokens go through the same training and decisions as values in the clear.
Composite tokens are joined on equality and scored by which kinds two rows share.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from staithe.base.errors import BadInput
from staithe.linkage import outputs
from staithe.linkage.inputs import OpenInput
from staithe.linkage.link import choose_pairs, finish
from staithe.linkage.private.composite_link import CompositeLink
from staithe.linkage.private.crossing import BOUND, Crossing, check_may_cross
from staithe.linkage.private.levels import token_comparisons, token_rule
from staithe.linkage.pseudonyms import assign_pseudonyms, new_project_key
from staithe.linkage.result import LinkResult
from staithe.linkage.run import RECORDS, Job, Progress, Run
from staithe.linkage.specification import (
    LinkField,
    LinkSettings,
    LinkSpecification,
    with_settings,
)
from staithe.linkage.standardise import measure
from staithe.tables.engine import connect, scan
from staithe.tables.sql import quote_literal


if TYPE_CHECKING:
    import duckdb


# Lists of tokens are slower to compare than values, and no more pairs are needed.
TRAINING_PAIRS = 150_000


def link_tokens(
    left: Crossing,
    right: Crossing | None = None,
    *,
    out: Path,
    names: tuple[str, str] = ("left", "right"),
    settings: LinkSettings | None = None,
    seed: int = 1,
    memory_mb: int = 1500,
    threads: int = 2,
    inside: bool = False,
    all_pairs: bool = False,
    progress: Progress | None = None,
) -> LinkResult:
    """Link folders of tokens (or find repeats in one) and write the result to `out`.

    The result is in row keys. Besides the usual files there is one for each holder, `for_NAME.parquet`, with the
    pseudonym of each of its rows and nothing of the other's. Field tokens are
    taken only `inside` a trusted linker.
    """
    outputs.check_folder(out)
    crossings = (left,) if right is None else (left, right)
    _check_fit(crossings, inside=inside)
    with tempfile.TemporaryDirectory(prefix=".linking-", dir=out.parent) as scratch:
        con = connect(memory_mb=memory_mb, threads=threads, temp_directory=scratch)
        try:
            inputs = tuple(
                _open(con, each, name=names[side], side=side)
                for side, each in enumerate(crossings)
            )
            job = Job(
                con,
                inputs,
                ("row_key",) * len(crossings),
                None,
                seed,
                "duckdb",
                all_pairs,
                progress or (lambda _step, _share: None),
                threads,
                readable=False,
            )
            wanted = _specification(crossings, settings or LinkSettings())
            made = Path(scratch) / "made"
            if left.manifest.mode == "fields":
                result = _link_fields(job, wanted, made)
            else:
                result = CompositeLink(job, wanted, crossings).write(made)
            return _hand_out(result, out, names[: len(crossings)])
        finally:
            con.close()


def _check_fit(crossings: Sequence[Crossing], *, inside: bool) -> None:
    """Raise BadInput unless these folders may be linked with each other here."""
    modes = {each.manifest.mode for each in crossings}
    if len(modes) > 1:
        raise BadInput("One folder has tokens of fields and the other composite ones.")
    if len({each.manifest.key for each in crossings}) > 1:
        raise BadInput(
            "The two folders were made with different keys, so none of their tokens "
            "could agree."
        )
    names = [{name for name, _ in each.manifest.fields} for each in crossings]
    if not set.intersection(*names):
        raise BadInput("The two folders have no field in common.")
    if modes == {"fields"} and not inside:
        raise BadInput(
            "These are tokens of single fields: link them only inside a trusted linker, "
            "and say so with --inside."
        )
    if modes == {"composite"}:
        if len(crossings) == 1:
            raise BadInput("Composite tokens link two files; name the second folder.")
        for each in crossings:
            check_may_cross(each, bound=BOUND)


def _open(
    con: duckdb.DuckDBPyConnection, crossing: Crossing, *, name: str, side: int
) -> OpenInput:
    """Open the tokens as a view, their row keys as text."""
    view = f"input_{side}"
    con.execute(f"CREATE VIEW {view} AS SELECT * FROM {scan([crossing.tokens])}")
    con.execute(
        f"CREATE TABLE rows_{side} AS SELECT row_key FROM {scan([crossing.rows])}"
    )
    rows = int(con.execute(f"SELECT count(*) FROM rows_{side}").fetchall()[0][0])
    if rows != crossing.manifest.rows or not rows:
        raise BadInput(f"The {name} folder is not whole: its rows are not all there.")
    columns = tuple(str(row[0]) for row in con.execute(f"DESCRIBE {view}").fetchall())
    return OpenInput(name, view, columns, rows, crossing.sha256())


def _specification(
    crossings: Sequence[Crossing], settings: LinkSettings
) -> LinkSpecification:
    """Return what the folders hold as a specification."""
    sides = [dict(each.manifest.fields) for each in crossings]
    fields = []
    for name, meaning in {**sides[0], **sides[-1]}.items():
        columns = [name if name in side else None for side in sides]
        right = columns[1] if len(columns) > 1 else None
        fields.append(LinkField(meaning, columns[0], right, name))
    kind: Literal["link", "dedupe"] = "link" if len(crossings) > 1 else "dedupe"
    return LinkSpecification(kind, tuple(fields), settings)


def _link_fields(job: Job, specification: LinkSpecification, out: Path) -> LinkResult:
    """Link tokens of single fields by the ordinary way."""
    pairs = min(specification.settings.training_pairs, TRAINING_PAIRS)
    specification = with_settings(specification, training_pairs=pairs)
    columns = list(
        dict.fromkeys(
            column
            for opened in job.inputs
            for column in opened.columns
            if column != "row_key"
        )
    )
    parts = " UNION ALL BY NAME ".join(
        f"SELECT {side}::TINYINT AS source_number, {quote_literal(opened.name)} AS"
        f" source_dataset, printf('%016x', row_key) AS id, * EXCLUDE (row_key)"
        f" FROM {opened.view}"
        for side, opened in enumerate(job.inputs)
    )
    job.con.execute(
        f"CREATE TABLE {RECORDS} AS SELECT row_number() OVER (ORDER BY source_number, id)"
        f" AS rid, * FROM ({parts}) ORDER BY source_number, id"
    )
    standardised = measure(job.con, RECORDS, columns, len(job.inputs))
    comparisons = token_comparisons(specification, standardised)
    if not comparisons:
        raise BadInput("No field has tokens on both sides.")
    chosen = choose_pairs(job, specification, standardised, token_rule)
    run = Run(job, specification, standardised, comparisons, chosen, ())
    return finish(run, out)


def _hand_out(result: LinkResult, out: Path, names: Sequence[str]) -> LinkResult:
    """Write each holder's file beside the result, under a key that nobody keeps."""
    key = new_project_key()
    with outputs.whole_folder(out) as folder:
        for path in sorted(result.folder.iterdir()):
            path.replace(folder / path.name)
        named = assign_pseudonyms(
            folder / "clusters.parquet", key=key, out=folder / "named.parquet"
        )
        con = connect()
        try:
            for name in names:
                path = folder / f"for_{name}.parquet"
                con.execute(
                    f"COPY (SELECT row_key, pseudonym FROM {scan([named])} WHERE source ="
                    f" {quote_literal(name)} ORDER BY row_key)"
                    f" TO {quote_literal(str(path))} (FORMAT parquet)"
                )
        finally:
            con.close()
        named.unlink()
    return replace(result, folder=out)
