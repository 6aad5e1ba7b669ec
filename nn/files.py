"""Files that are written whole or not at all.

This room knows how a file is replaced in one move: the new text goes into a temporary file beside it, which takes its
place when it is finished. It does not know what is written.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

__all__ = ["atomic_write", "exists"]


@contextmanager
def atomic_write(path: str | os.PathLike[str], *, binary: bool = False) -> Generator[IO[Any], None, None]:
    """Open a file for writing that takes its place at the end of the `with`, or not at all if the `with` fails.

    A reader sees the old file or the whole new one, never a part. A file that exists keeps its permission bits; where
    the path is a link, the file it leads to is replaced. A device or a pipe has no whole, and is written to directly.

    Args:
        path: where the file shall stand; its folder exists.
        binary: bytes rather than text. Text is UTF-8, and its line ends are written as given.

    Raises:
        OSError: the file cannot be written there; the error names the path. What stood there before is unchanged.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "numbers.txt")
        ...     with atomic_write(path) as file:
        ...         characters = file.write("1 2 3")
        ...     path.read_text()
        '1 2 3'
    """
    given = Path(path)
    if exists(given) and not given.is_file():
        with _named(path), _opened(given, "w", binary) as file:  # a folder refuses to be opened, and says so
            yield file
        return
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".{secrets.token_hex(8)}.tmp")  # in the same folder: a move across disks is a copy
    try:
        with _named(path):
            _check_writable(target)
            file = _opened(temporary, "x", binary)
        with _named(path), file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        with _named(path):
            _keep_permissions(target, temporary)
            os.replace(temporary, target)
    except BaseException:  # Ctrl-C too
        with suppress(FileNotFoundError, NotADirectoryError):
            temporary.unlink()
        raise


def _opened(path: Path, mode: str, binary: bool) -> IO[Any]:
    return path.open(f"{mode}b") if binary else path.open(mode, encoding="utf-8", newline="")


@contextmanager
def _named(path: str | os.PathLike[str]) -> Generator[None, None, None]:
    """Let an error name the path that the caller gave, not the temporary file."""
    try:
        yield
    except OSError as error:
        if error.filename is not None and not str(error.filename).endswith(".tmp"):
            raise
        raise OSError(error.errno, error.strerror, os.fspath(path)) from error


def exists(path: Path) -> bool:
    """Return whether something stands there; raise where nothing ever can, as where a name is too long.

    `Path.exists` raises then up to Python 3.13, and returns False from 3.14 on.
    """
    try:
        path.stat()
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
            raise
        return False
    return True


def _check_writable(target: Path) -> None:
    """Raise where a file is write-protected: replacing it would need no permission but the folder's."""
    if target.exists() and not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def _keep_permissions(target: Path, temporary: Path) -> None:
    if target.exists():
        temporary.chmod(stat.S_IMODE(target.stat().st_mode))
