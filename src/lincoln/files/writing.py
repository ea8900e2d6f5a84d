"""Replacing a file by new contents in one moment: whoever reads it finds the old contents or the new ones, whole."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path
from typing import TypeAlias

from ..exc import ModelFileError

__all__ = ["FilePath", "as_path", "replace_file"]

FilePath: TypeAlias = str | bytes | os.PathLike[str] | os.PathLike[bytes]


def as_path(path: FilePath, *, where: str) -> Path:
    """The path of a file, in whatever form Python's own functions take it.

    Raises:
        ModelFileError: it is no path.

    >>> as_path(b"runs/model.safetensors", where="load")
    PosixPath('runs/model.safetensors')
    """
    try:
        return Path(os.fsdecode(path))
    except TypeError as error:
        raise ModelFileError(
            code="LN582",
            where=where,
            saw=f"{type(path).__name__} in place of a path: {path!r}"[:120],
            why="a file is found by its path: text, bytes, or a Path",
            fix='"model.safetensors"',
        ) from error


def replace_file(path: str | os.PathLike[str], contents: bytes) -> None:
    """Write a file anew, so that a crash at any moment leaves either the old file or the new one.

    The contents go into ``.NAME.tmp`` in the same folder, are synced to the disk, and take the file's place by a
    rename. If anything fails the old file stays, and nothing is left beside it; after a kill there may be one
    ``.NAME.tmp``, which the next write uses up.

    Raises:
        ModelFileError: the file cannot be written.

    >>> import tempfile
    >>> place = Path(tempfile.mkdtemp()) / "a.bin"
    >>> replace_file(place, b"new")
    >>> place.read_bytes(), sorted(file.name for file in place.parent.iterdir())
    (b'new', ['a.bin'])
    """
    target = Path(os.path.realpath(path))  # a link stays a link, to the new file
    beside = target.with_name(f".{target.name}.tmp")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _refuse_special(target)
        _replace(target, beside, contents)
        _sync_folder(target.parent)
    except OSError as error:
        raise ModelFileError(
            code="LN503",
            where=f'save to "{path}"',
            saw=f"{type(error).__name__}: {error.strerror or error}",
            why="the file could not be written; what was there before is as it was",
            fix="a folder that you may write to, on a disk with room, and a name that is not a folder's",
        ) from error


def _replace(target: Path, beside: Path, contents: bytes) -> None:
    handle = _open_locked(beside)
    try:
        _write(handle, contents)
        with contextlib.suppress(OSError):
            beside.chmod(stat.S_IMODE(target.stat().st_mode))
        if os.name == "nt":  # where open files cannot be renamed
            os.close(handle)
            handle = -1
        beside.replace(target)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    finally:
        if handle >= 0:
            os.close(handle)


def _refuse_special(target: Path) -> None:
    """A device or a pipe is not replaced by a file; the rename itself refuses folders."""
    if target.exists() and not target.is_file():
        raise OSError(None, "it exists and is not a file", str(target))


def _open_locked(beside: Path) -> int:
    """Open the file to write into, alone: of several that save to one path, each waits for the one before it."""
    while True:
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        handle = os.open(beside, flags, 0o666)
        try:
            _lock(handle)
            if os.path.samestat(os.fstat(handle), beside.stat()):
                os.ftruncate(handle, 0)
                return handle
        except FileNotFoundError:
            pass  # the one before has renamed it meanwhile
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)


def _lock(handle: int) -> None:
    """Lock where there are such locks; without them two programs should not save to one path at once."""
    try:
        import fcntl
    except ImportError:
        return
    with contextlib.suppress(OSError):
        fcntl.flock(handle, fcntl.LOCK_EX)


def _write(handle: int, contents: bytes) -> None:
    rest = memoryview(contents)
    while rest:
        rest = rest[os.write(handle, rest) :]
    os.fsync(handle)


def _sync_folder(folder: Path) -> None:
    """Let the rename last through a power failure too, where folders can be synced."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
