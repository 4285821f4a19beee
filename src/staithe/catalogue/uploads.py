"""Files on their way in: kept under a name of our own until a job has read them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile

from staithe.base.errors import NotFound, TooLarge
from staithe.base.ids import new_token
from staithe.catalogue.policies import clean_file_name
from staithe.jobs.models import FINISHED, Job
from staithe.tables.kinds import nothing_in


# Long enough for any upload to be queued, short enough not to fill a disk.
LEFT_AFTER = timedelta(days=1)


def keep_upload(upload: UploadedFile[Any]) -> str:
    """Copy an upload to the home folder and return the name it is kept under."""
    check_upload(upload)
    name = new_token()
    folder = _folder()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with (folder / name).open("xb") as out:
            shutil.copyfileobj(upload, out, 1 << 20)
            out.flush()
            os.fsync(out.fileno())  # a job that is promised has its file
    except BaseException:
        forget_upload(name)
        raise
    return name


def check_upload(upload: UploadedFile[Any]) -> None:
    """Raise where an upload is empty or larger than this service accepts."""
    size = upload.size or 0
    if size == 0:
        raise nothing_in(clean_file_name(upload.name or ""))
    if size > settings.MAX_UPLOAD_BYTES:
        most = settings.MAX_UPLOAD_BYTES // 1024**2
        raise TooLarge(f"The file is larger than {most:,} MB.", field="file")


@contextmanager
def kept_upload(name: str) -> Iterator[Path]:
    """Give the path of a kept upload; delete it once the block has succeeded."""
    path = _folder() / name
    if path.parent != _folder() or not path.is_file():
        raise NotFound("The uploaded file is gone. Upload it again.")
    yield path
    path.unlink(missing_ok=True)


def forget_upload(name: str) -> None:
    """Delete a kept upload whose job will not be tried again."""
    (_folder() / name).unlink(missing_ok=True)


def sweep_uploads(*, at: datetime) -> int:
    """Delete kept uploads that no job is going to read; return how many.

    What a stopped job, a failed job or a killed server left behind.
    """
    waited_for = set(
        Job.objects.exclude(state__in=FINISHED)
        .filter(kind__startswith="catalogue:", arguments__has_key="upload")
        .values_list("arguments__upload", flat=True)
    )
    before = (at - LEFT_AFTER).timestamp()
    left = [
        path
        for path in (_folder().iterdir() if _folder().is_dir() else ())
        if path.name not in waited_for and path.stat().st_mtime < before
    ]
    for path in left:
        path.unlink(missing_ok=True)
    return len(left)


@contextmanager
def spooled(upload: UploadedFile[Any]) -> Iterator[Path]:
    """Give the path of an upload that Django has already put on disk."""
    check_upload(upload)
    temporary = getattr(upload, "temporary_file_path", None)
    if temporary is not None:
        yield Path(temporary())
        return
    name = keep_upload(upload)
    try:
        yield _folder() / name
    finally:
        forget_upload(name)


def _folder() -> Path:
    folder: Path = settings.HOME / "uploads"
    return folder
