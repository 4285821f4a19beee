"""Where snapshots lie: a folder, or a bucket that speaks S3.

A store keeps folders of files. A folder appears whole or not at all: locally by one
rename after an fsync, on S3 by its manifest, which is written last and without which
nothing in the folder counts.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import IO, Protocol
from urllib.parse import parse_qsl, urlsplit

import pyarrow as pa
from pyarrow import fs

from staithe.base.errors import BadInput, Conflict, NotFound


MANIFEST = "manifest.json"
PARTIAL = ".partial-"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
DAY = 24 * 3600


class Draft(Protocol):
    """A folder being written that nobody can see yet."""

    def create(self, name: str) -> IO[bytes]:
        """Open a new file of the folder for writing."""
        ...


class Store(Protocol):
    """A place that keeps folders of immutable files."""

    @property
    def url(self) -> str:
        """Where this store is, as given to `open_store`."""
        ...

    def draft(self, folder: str) -> AbstractContextManager[Draft]:
        """Write a folder: it appears when the `with` block ends without an error."""
        ...

    def read(self, folder: str, name: str) -> bytes:
        """Return a small file; raise NotFound where it is absent."""
        ...

    def local_path(self, folder: str, name: str, *, fresh: bool = False) -> Path:
        """Return a path on this machine that holds the file; fetch it if need be.

        `fresh` fetches again what was fetched before.
        """
        ...

    def folders(self) -> list[str]:
        """List the finished folders, sorted."""
        ...

    def delete(self, folder: str) -> None:
        """Remove a folder; raise NotFound where it is absent."""
        ...

    def sweep(self, *, older_than: float = DAY) -> int:
        """Remove what failed writes left behind, if older than so many seconds."""
        ...


def check_name(name: str) -> str:
    """Return a folder or file name; raise BadInput for one that could leave its place."""
    if not NAME.fullmatch(name) or ".." in name:
        raise BadInput("A snapshot name holds only letters, digits, dots and hyphens.")
    return name


def open_store(url: str | Path, *, cache: Path | None = None) -> Store:
    """Open a store by a path, or by `s3://bucket/prefix?endpoint_override=host:port`.

    Other S3 options (region, scheme, access_key, secret_key) follow in the query;
    without keys those of the environment are used. `cache` holds fetched S3 files.
    """
    text = str(url)
    if text.startswith("s3://"):
        return S3Store(text, cache=cache)
    if "://" in text:
        raise BadInput("Storage is a folder or an address that begins with s3://.")
    return LocalStore(Path(text))


class LocalStore:
    """Snapshots as folders under one root."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self.root.mkdir(parents=True, exist_ok=True)

    @property
    def url(self) -> str:
        """The path of the root."""
        return str(self.root)

    @contextmanager
    def draft(self, folder: str) -> Iterator[LocalDraft]:
        """Write under a hidden name, fsync, then rename into place."""
        target = self.root / check_name(folder)
        if target.exists():
            raise Conflict(f"Snapshot {folder} exists already and never changes.")
        partial = Path(tempfile.mkdtemp(prefix=PARTIAL, dir=self.root))
        draft = LocalDraft(partial)
        try:
            yield draft
            draft.close()
            _rename(partial, target, folder=folder)
        except BaseException:
            draft.abandon()
            shutil.rmtree(partial, ignore_errors=True)
            raise

    def read(self, folder: str, name: str) -> bytes:
        """Return a small file; raise NotFound where it is absent."""
        try:
            return self.local_path(folder, name).read_bytes()
        except FileNotFoundError as error:
            raise NotFound(f"There is no snapshot {folder}.") from error

    def local_path(self, folder: str, name: str, *, fresh: bool = False) -> Path:  # noqa: ARG002  nothing is fetched here
        """Return the path of the file itself."""
        return self.root / check_name(folder) / check_name(name)

    def folders(self) -> list[str]:
        """List folders that have a manifest."""
        return sorted(
            found.parent.name for found in self.root.glob(f"[!.]*/{MANIFEST}")
        )

    def delete(self, folder: str) -> None:
        """Move the folder out of sight in one step, then remove it."""
        partial = Path(tempfile.mkdtemp(prefix=PARTIAL, dir=self.root))
        try:
            (self.root / check_name(folder)).rename(partial / "deleted")
        except FileNotFoundError as error:
            raise NotFound(f"There is no snapshot {folder}.") from error
        finally:
            shutil.rmtree(partial)

    def sweep(self, *, older_than: float = DAY) -> int:
        """Remove hidden folders of writes that never finished."""
        before = time.time() - older_than
        old = [p for p in self.root.glob(f"{PARTIAL}*") if p.stat().st_mtime <= before]
        for partial in old:
            shutil.rmtree(partial, ignore_errors=True)
        return len(old)


class LocalDraft:
    """Files under a hidden folder; every one is on the disk before the rename."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: list[IO[bytes]] = []

    def create(self, name: str) -> IO[bytes]:
        """Open a new file; the draft closes it."""
        stream = (self._folder / check_name(name)).open("xb")
        self._open.append(stream)
        return stream

    def close(self) -> None:
        """Flush each file and the folder to the disk."""
        for stream in self._open:
            stream.flush()
            os.fsync(stream.fileno())
            stream.close()
        _fsync_folder(self._folder)

    def abandon(self) -> None:
        """Let go of the open files; a full disk must not hide the first error."""
        for stream in self._open:
            with suppress(OSError):
                stream.close()


def _rename(partial: Path, target: Path, *, folder: str) -> None:
    partial.chmod(0o755)
    try:
        partial.rename(target)
    except OSError as error:
        if target.exists():
            raise Conflict(f"Snapshot {folder} exists already.") from error
        raise
    _fsync_folder(target.parent)


def _fsync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class S3Store:
    """Snapshots under a prefix of a bucket; files are fetched before they are read."""

    def __init__(self, url: str, *, cache: Path | None = None) -> None:
        parts = urlsplit(url)
        options = dict(parse_qsl(parts.query))
        self._url = url.split("?", 1)[0]
        self._root = (parts.netloc + parts.path).rstrip("/")
        self._fs = fs.S3FileSystem(**options)
        self._cache = cache or Path(tempfile.mkdtemp(prefix="staithe-s3-"))

    @property
    def url(self) -> str:
        """The address without its options, which may hold keys."""
        return self._url

    def _key(self, folder: str, name: str) -> str:
        return f"{self._root}/{check_name(folder)}/{check_name(name)}"

    def _exists(self, key: str) -> bool:
        return bool(self._fs.get_file_info(key).type == fs.FileType.File)

    @contextmanager
    def draft(self, folder: str) -> Iterator[S3Draft]:
        """Write the parts, then the manifest; on an error remove what was written."""
        if self._exists(self._key(folder, MANIFEST)):
            raise Conflict(f"Snapshot {folder} exists already and never changes.")
        draft = S3Draft(self, folder)
        try:
            yield draft
            draft.close()
        except BaseException:
            draft.abandon()
            raise

    def open_output(self, folder: str, name: str) -> IO[bytes]:
        """Open an object for writing; it appears when it is closed."""
        stream: IO[bytes] = self._fs.open_output_stream(self._key(folder, name))
        return stream

    def read(self, folder: str, name: str) -> bytes:
        """Return a small object; raise NotFound where it is absent."""
        try:
            with self._fs.open_input_stream(self._key(folder, name)) as stream:
                return bytes(stream.read())
        except FileNotFoundError as error:
            raise NotFound(f"There is no snapshot {folder}.") from error

    def local_path(self, folder: str, name: str, *, fresh: bool = False) -> Path:
        """Fetch the object once; snapshots never change, so a fetched one stays good."""
        target = self._cache / check_name(folder) / check_name(name)
        if fresh or not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            arriving = target.with_name(f"{PARTIAL}{os.getpid()}-{name}")
            with (
                self._fs.open_input_stream(self._key(folder, name)) as source,
                arriving.open("wb") as sink,
            ):
                shutil.copyfileobj(source, sink, 1 << 20)
            arriving.rename(target)
        return target

    def folders(self) -> list[str]:
        """List folders that have a manifest."""
        chosen = fs.FileSelector(self._root, recursive=True, allow_not_found=True)
        found = [Path(info.path) for info in self._fs.get_file_info(chosen)]
        return sorted(path.parent.name for path in found if path.name == MANIFEST)

    def delete(self, folder: str) -> None:
        """Remove the manifest first, so that no reader sees half a snapshot."""
        key = self._key(folder, MANIFEST)
        if not self._exists(key):
            raise NotFound(f"There is no snapshot {folder}.")
        self._fs.delete_file(key)
        self._fs.delete_dir(f"{self._root}/{folder}")
        shutil.rmtree(self._cache / folder, ignore_errors=True)

    def remove_parts(self, folder: str) -> None:
        """Remove whatever a failed write stored under a folder."""
        where = f"{self._root}/{folder}"
        if self._fs.get_file_info(where).type != fs.FileType.NotFound:
            self._fs.delete_dir(where)

    def sweep(self, *, older_than: float = DAY) -> int:
        """Remove folders without a manifest whose newest object is old enough."""
        chosen = fs.FileSelector(self._root, recursive=True, allow_not_found=True)
        newest: dict[str, float] = {}
        for info in self._fs.get_file_info(chosen):
            if info.type == fs.FileType.File:
                folder = Path(info.path).parent.name
                newest[folder] = max(newest.get(folder, 0), info.mtime.timestamp())
        before = time.time() - older_than
        finished = set(self.folders())
        old = [f for f, at in newest.items() if f not in finished and at <= before]
        for folder in old:
            self._fs.delete_dir(f"{self._root}/{folder}")
        return len(old)


class S3Draft:
    """Objects of an unfinished folder: without a manifest they do not count."""

    def __init__(self, store: S3Store, folder: str) -> None:
        self._store = store
        self._folder = folder
        self._open: list[IO[bytes]] = []

    def create(self, name: str) -> IO[bytes]:
        """Open a new object; the draft closes it, in the order of creation."""
        if name == MANIFEST:  # last, and only after every part is stored
            self.close()
        stream = self._store.open_output(self._folder, name)
        self._open.append(stream)
        return stream

    def close(self) -> None:
        """Finish every object."""
        while self._open:
            self._open.pop(0).close()

    def abandon(self) -> None:
        """Remove what was written so far; the sweep takes what a broken line leaves."""
        for stream in self._open:
            try:
                stream.close()
            except (OSError, pa.ArrowException):  # the line is broken already
                continue
        self._store.remove_parts(self._folder)
