"""What crosses from one body to another, and the door that looks at it first.

A folder of three files: `tokens.parquet` (row key, kind, token), `rows.parquet` (every
row key) and `manifest.json`. The door reads the files themselves and believes no
manifest: a token of one field, or one that too many rows share, does not pass.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import duckdb
import pyarrow.parquet as pq

from staithe.base.errors import BadInput
from staithe.linkage.private.kinds import TokenKind, token_kinds
from staithe.linkage.specification import LinkField, LinkSpecification
from staithe.tables.engine import connect, scan


Mode = Literal["composite", "fields"]

FORMAT = 1
BOUND = 5  # however a holder decides, no token that more rows share leaves
TOKENS, ROWS, MANIFEST = "tokens.parquet", "rows.parquet", "manifest.json"
COMPOSITE_COLUMNS = {"row_key", "kind", "token"}


@dataclass(frozen=True)
class KindCount:
    """One kind of token in a folder: how many, the most rows of one, how many held back."""

    kind: str
    tokens: int
    largest: int
    held_back: int


@dataclass(frozen=True)
class Manifest:
    """What a linker must know of a file of tokens, and nothing about anyone.

    `fields` are (name, meaning); `chance` says for each field how often two rows of
    the file agree on it by chance, for each degree of agreement; `filled` how full
    each field is; `each_once` whether the file holds everyone once; `bound` how many
    rows may share a token.
    """

    mode: Mode
    key: str
    fields: tuple[tuple[str, str], ...]
    rows: int
    each_once: bool
    filled: dict[str, float]
    kinds: tuple[KindCount, ...] = ()
    chance: dict[str, dict[str, float]] = field(default_factory=dict)
    bound: int = 0
    format: int = FORMAT

    def specification(self) -> LinkSpecification:
        """Return the specification of the tokens, their names standing for columns."""
        return LinkSpecification(
            "dedupe",
            tuple(
                LinkField(meaning, name, None, name) for name, meaning in self.fields
            ),
        )

    def token_kinds(self) -> tuple[TokenKind, ...]:
        """Return the kinds of composite token that the fields lead to."""
        return token_kinds(self.specification())


@dataclass(frozen=True)
class Crossing:
    """A folder of tokens with its manifest read."""

    folder: Path
    manifest: Manifest

    @property
    def tokens(self) -> Path:
        """Return the file of tokens."""
        return self.folder / TOKENS

    @property
    def rows(self) -> Path:
        """Return the file of row keys."""
        return self.folder / ROWS

    def sha256(self) -> str:
        """Return the SHA-256 of the file of tokens."""
        with self.tokens.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


def write_manifest(folder: Path, manifest: Manifest) -> Crossing:
    """Write the manifest beside the tokens."""
    text = json.dumps(asdict(manifest), indent=2, ensure_ascii=False)
    (folder / MANIFEST).write_text(text + "\n", "utf-8")
    return Crossing(folder, manifest)


def read_crossing(folder: Path) -> Crossing:
    """Read a folder of tokens, or raise BadInput with what is wrong with it."""
    for name in (MANIFEST, TOKENS, ROWS):
        if not (folder / name).is_file():
            raise BadInput(f"{folder} is no folder of tokens: it has no {name}.")
    try:
        body = json.loads((folder / MANIFEST).read_text("utf-8"))
        manifest = _manifest(body)
        _check_columns(folder, manifest)
    except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
        raise BadInput(f"{folder} holds no tokens that can be read.") from error
    return Crossing(folder, manifest)


def _manifest(body: dict[str, Any]) -> Manifest:
    if body.get("format") != FORMAT:
        raise BadInput(f"This program reads tokens of format {FORMAT} only.")
    if body["mode"] not in {"composite", "fields"}:
        raise BadInput("Tokens are of mode composite or fields.")
    kinds = tuple(KindCount(**each) for each in body.pop("kinds"))
    fields = tuple((str(name), str(meaning)) for name, meaning in body.pop("fields"))
    return Manifest(**body, fields=fields, kinds=kinds)


def _check_columns(folder: Path, manifest: Manifest) -> None:
    """Raise ValueError unless the files have the columns that their mode asks for."""
    if pq.read_schema(folder / ROWS).names != ["row_key"]:
        raise ValueError("row keys come alone")
    names = pq.read_schema(folder / TOKENS).names
    if manifest.mode == "composite" and set(names) != COMPOSITE_COLUMNS:
        raise ValueError("composite tokens come as row key, kind and token")
    if "row_key" not in names:
        raise ValueError("tokens belong to rows")


def check_may_cross(crossing: Crossing, *, bound: int = BOUND) -> None:
    """Raise BadInput unless these tokens may leave the body that made them.

    Asks of the file itself: composite tokens only, each kind binding two fields or
    more, none that more than `bound` rows share, and every row with as many tokens of
    a kind as every other row that has any.
    """
    if not 1 <= bound <= BOUND:
        raise BadInput(f"A token may be shared by 1 to {BOUND} rows, not {bound}.")
    if crossing.manifest.mode != "composite":
        raise BadInput(
            "These are tokens of single fields, which are known by how often they "
            "occur. They stay inside a trusted linker; composite tokens may leave."
        )
    kinds = crossing.manifest.token_kinds()
    con = connect()
    try:
        check_kinds(con, crossing.tokens, kinds, bound=bound)
    finally:
        con.close()


def check_kinds(
    con: duckdb.DuckDBPyConnection,
    tokens: Path,
    kinds: Sequence[TokenKind],
    *,
    bound: int,
) -> None:
    """Raise BadInput for the first kind of token that may not leave."""
    for kind in kinds:
        if len(kind.fields) < 2:  # noqa: PLR2004  a composite binds two
            raise BadInput(f"The kind {kind.name} binds one field only.")
    source = scan([tokens])
    rows = con.execute(
        "SELECT kind, max(n) FROM (SELECT kind, token, count(DISTINCT row_key) AS n"
        f" FROM {source} GROUP BY kind, token) GROUP BY kind ORDER BY kind"
    ).fetchall()
    for number, largest in rows:
        if not 0 <= number < len(kinds):
            raise BadInput("There are tokens of a kind that the fields do not lead to.")
        if largest > bound:
            raise BadInput(
                f"A token of {kinds[number].name} is shared by {largest:,} rows, and "
                f"{bound} may share one: how often it occurs would tell who it is."
            )
    uneven = con.execute(
        "SELECT kind FROM (SELECT row_key, kind, count(*) AS n"
        f" FROM {source} GROUP BY row_key, kind) GROUP BY kind HAVING min(n) <> max(n)"
        " ORDER BY kind"
    ).fetchall()
    if uneven:
        raise BadInput(
            f"Rows have different numbers of tokens of {kinds[uneven[0][0]].name}: "
            "the number would tell how long a value is."
        )
