"""The files of one source: one alone, those of a folder, or those inside a ZIP archive.

Knows names and bytes, and that nothing outside the source is read; knows no format.
"""

from __future__ import annotations

import codecs
import hashlib
import io
import os
import re
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from postcast.data.sources.compressed import inner_name, is_compressed, unpacked
from postcast.data.sources.limits import MOST_MEMBERS, cells_in_memory, check_unpacked
from postcast.data.sources.text import decode
from postcast.errors import ReadError

TABLES = (
    *(".csv", ".tsv", ".txt", ".json", ".jsonl", ".ndjson", ".js", ".info", ".parquet"),
    *(".xlsx", ".xls", ".ods"),
)
"""How the names of files end that may hold posts."""

_LOOKED_AT = 1 << 16
_DEEPEST = 3
_MANY_FOLDERS = 100
_ZIP, _MEMBER = b"PK\x03\x04", b"PK\x01\x02"
_PARQUET = b"PAR1"
_EXPECTED = "a table of posts"


@dataclass(frozen=True)
class Files:
    """What a source consists of.

    Parameters
    ----------
    name : str
        For messages.
    names : tuple of str
        Paths within the source, with ``/``, sorted; a single file's own name.
    fetch : callable
        Name, and how many bytes from its beginning or None for all, to bytes.
    is_set : bool
        True for a folder or an archive, whatever is in it.
    folder : Path, optional
        Where the paths begin on disk, and those of images beside them.
    """

    name: str
    names: tuple[str, ...]
    fetch: Callable[[str, int | None], bytes]
    is_set: bool = False
    folder: Path | None = None
    _kept: dict[str, bytes] = field(default_factory=dict, repr=False)
    _used: dict[str, str] = field(default_factory=dict, repr=False)
    _notes: list[str] = field(default_factory=list, repr=False)

    @classmethod
    def of_bytes(cls, data: bytes, name: str, folder: Path | None = None) -> Files:
        """Return a file, unpacked where it is compressed, or those inside a ZIP archive.

        Raises
        ------
        ReadError
            If it cannot be unpacked.
        """
        if data.startswith(_ZIP) and not _is_workbook(data):
            return _of_archive(data, name)
        if is_compressed(data):
            return cls.of_bytes(unpacked(data, name), inner_name(name), folder)
        return cls(name, (name,), lambda _, n_bytes: data[:n_bytes], folder=folder)

    @classmethod
    def of_folder(cls, folder: Path, name: str = "") -> Files:
        """Return the files of a folder that may hold posts, some folders deep."""
        names = tuple(sorted(_names_in(folder)))
        shown = name or printable(folder.resolve().name)
        return cls(shown, names, lambda one, n_bytes: _read(folder / one, n_bytes), True, folder)

    def bytes_of(self, name: str) -> bytes:
        """Return one file, which then counts as read."""
        data = self.fetch(name, None)
        if name not in self._used:
            self._used[name] = hashlib.sha256(data).hexdigest()
        return data

    def text_of(self, name: str) -> str:
        """Return the text of one file."""
        found = decode(self.bytes_of(name), self.label(name))
        if found.note and found.note not in self._notes:
            self._notes.append(found.note)
        return found.text

    def label(self, name: str) -> str:
        """Return what to call a file in messages."""
        return f"{self.name}/{printable(name)}" if self.is_set else self.name

    def head_of(self, name: str) -> str:
        """Return the beginning of a file as text, as far as it is any."""
        if name not in self._kept:
            self._kept[name] = self.fetch(name, _LOOKED_AT)
        data = self._kept[name]
        is_wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        return data.decode("utf-16" if is_wide else "utf-8", "replace").removeprefix("\ufeff")

    def named(self, pattern: str) -> list[str]:
        """Return the names whose last part is as the pattern has it, outer ones first."""
        found = [one for one in self.names if re.fullmatch(pattern, PurePosixPath(one).name)]
        return sorted(found, key=lambda one: (one.count("/"), one))

    def alone(self, name: str) -> Files:
        """Return one of the files as a source of its own."""
        folder = None if self.folder is None else (self.folder / name).parent
        return replace(self, name=self.label(name), names=(name,), is_set=False, folder=folder)

    @property
    def notes(self) -> tuple[str, ...]:
        """How files were read that are not UTF-8, in words."""
        return tuple(self._notes)

    @property
    def digest(self) -> str:
        """SHA-256 of the one file, unpacked, or of the names and hashes of those that were read."""
        if not self.is_set and len(self._used) == 1:
            return next(iter(self._used.values()))
        told = "".join(f"{digest}  {one}\n" for one, digest in sorted(self._used.items()))
        return hashlib.sha256(told.encode("utf-8", "surrogateescape")).hexdigest()


def printable(name: str) -> str:
    """Return a file's name with U+FFFD for the bytes in it that are no UTF-8."""
    return os.fsencode(name).decode("utf-8", "replace")


def _names_in(folder: Path) -> Iterable[str]:
    """Yield the paths of files that may hold posts, without links that lead out of the folder.

    Folders of images are left alone: those that are deep, and those among very many.
    """
    root = folder.resolve()
    level = [folder]
    for _ in range(_DEEPEST):
        inner: list[Path] = []
        for one in level:
            entries = sorted(_entries(one))
            folders = [entry for entry in entries if entry.is_dir() and not entry.is_symlink()]
            inner += folders if len(folders) <= _MANY_FOLDERS else []
            for entry in entries:
                fits = entry.suffix.lower() in TABLES and not entry.name.startswith(".")
                if fits and entry.is_file() and entry.resolve().is_relative_to(root):
                    yield entry.relative_to(folder).as_posix()
        level = inner


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError as error:
        raise ReadError(f"{folder} cannot be read ({error.strerror})", _EXPECTED) from None


def _read(path: Path, n_bytes: int | None) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(n_bytes)
    except OSError as error:
        raise ReadError(
            f"{printable(str(path))} cannot be read ({error.strerror})", _EXPECTED
        ) from None


def _of_archive(data: bytes, name: str) -> Files:
    n_members = data.count(_MEMBER)
    if n_members > MOST_MEMBERS:
        raise ReadError(
            f"{name} is an archive of {n_members:,} files",
            f"at most {MOST_MEMBERS:,}",
            "unpack it, and give the file of posts",
        )
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        members = {info.filename: info for info in archive.infolist() if not info.is_dir()}
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise ReadError(
            f"{name} is a ZIP archive that cannot be read ({error})", _EXPECTED, "unpack it"
        ) from None
    if "[Content_Types].xml" in members:
        raise ReadError(
            f"{name} is an Office document", _EXPECTED, "save it as CSV, JSON Lines or Parquet"
        )
    names = tuple(sorted(one for one in members if _is_inside(one)))

    sizes: dict[str, int] = {}

    def fetch(one: str, n_bytes: int | None) -> bytes:
        if n_bytes is None:
            sizes[one] = members[one].file_size
            check_unpacked(name, len(data), sum(sizes.values()))
        return _unpacked(archive, members[one], f"{name}/{printable(one)}", n_bytes)

    return Files(name, names, fetch, is_set=True)


def _is_workbook(data: bytes) -> bool:
    """Tell whether a ZIP archive is a workbook; what is damaged is none."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = set(archive.namelist())
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        return False
    return "xl/workbook.xml" in members or {"content.xml", "META-INF/manifest.xml"} <= members


def _is_inside(name: str) -> bool:
    path = PurePosixPath(name)
    is_hidden = any(part.startswith((".", "__MACOSX")) for part in path.parts)
    return path.suffix.lower() in TABLES and not path.is_absolute() and not is_hidden


def _unpacked(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str, n_bytes: int | None
) -> bytes:
    """Return a member, or its beginning; bounded by what its header tells, which is checked."""
    if n_bytes is None:
        check_unpacked(name, member.compress_size, member.file_size)
    try:
        with archive.open(member) as file:
            data = file.read(member.file_size if n_bytes is None else n_bytes)
    except Exception as error:  # zipfile lets errors of zlib, lzma, struct and others through
        raise ReadError(f"{name} cannot be unpacked ({error})", action="unpack it first") from None
    if n_bytes is None and not data.startswith(_PARQUET):
        check_unpacked(name, member.compress_size, len(data), cells_in_memory(data))
    return data
