"""What a link gives back: where the files lie, and the report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any


if TYPE_CHECKING:
    from pathlib import Path

    from staithe.linkage.specification import LinkSpecification


@dataclass(frozen=True)
class LinkResult:
    """Where the result of a link lies, and the report in full."""

    folder: Path
    specification: LinkSpecification
    report: dict[str, Any]

    @property
    def links(self) -> Path:
        """Parquet: left_id, right_id, match_weight, match_probability."""
        return self.folder / "links.parquet"

    @property
    def clusters(self) -> Path:
        """Parquet: source, id, cluster; one row for every record of every file."""
        return self.folder / "clusters.parquet"

    @property
    def explained(self) -> Path:
        """Parquet: why links and pairs drawn weigh what they weigh, where asked for."""
        return self.folder / "explained.parquet"

    @property
    def report_json(self) -> Path:
        """The report for programs."""
        return self.folder / "report.json"

    @property
    def report_html(self) -> Path:
        """The report for people, self-contained."""
        return self.folder / "report.html"

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a person should know before using the links."""
        return tuple(self.report["warnings"])

    @property
    def link_count(self) -> int:
        """How many links were accepted."""
        return int(self.report["links"])

    @property
    def cluster_count(self) -> int:
        """How many people or things there are, as far as the links tell."""
        return int(self.report["clusters"]["count"])

    @property
    def linked_records(self) -> dict[str, int]:
        """Source → records with at least one link."""
        return dict(self.report["linked"])
