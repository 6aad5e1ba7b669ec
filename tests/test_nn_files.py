"""Writing files: whole or not at all, with nothing left behind."""

from __future__ import annotations

import os
import stat
import threading

import pytest

from nn.files import atomic_write


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def bits(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_text_is_utf_8_with_line_ends_as_given(tmp_path):
    with atomic_write(tmp_path / "a.txt") as file:
        file.write("é\n\r\n")
    assert (tmp_path / "a.txt").read_bytes() == b"\xc3\xa9\n\r\n"
    assert names(tmp_path) == ["a.txt"]


def test_bytes_are_bytes(tmp_path):
    with atomic_write(str(tmp_path / "a.bin"), binary=True) as file:
        file.write(b"\x00\xff")
    assert (tmp_path / "a.bin").read_bytes() == b"\x00\xff"


def test_until_the_end_the_old_file_stands(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with atomic_write(path) as file:
        file.write("new")
        file.flush()
        assert path.read_text() == "old"
    assert path.read_text() == "new"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, GeneratorExit])
def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path, error):
    path = tmp_path / "a.txt"
    path.write_text("old")

    def write():
        with atomic_write(path) as file:
            file.write("half of the ne")
            raise error

    with pytest.raises(error):
        write()
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_a_failed_move_leaves_nothing_and_names_the_path(tmp_path, monkeypatch):
    def full(source, target):
        raise OSError(28, "No space left on device", source)

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match=r"No space left on device: '.*a\.txt'$"), atomic_write(tmp_path / "a.txt"):
        pass
    assert names(tmp_path) == []


def test_the_bytes_are_on_the_disk_before_the_move(tmp_path, monkeypatch):
    order = []
    sync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda number: (order.append("sync"), sync(number)))
    monkeypatch.setattr(os, "replace", lambda *paths: (order.append("move"), replace(*paths)))
    with atomic_write(tmp_path / "a.txt") as file:
        file.write("text")
    assert order == ["sync", "move"]


@pytest.mark.skipif(os.name != "posix", reason="permission bits are POSIX")
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o755])
def test_an_existing_file_keeps_its_permissions(tmp_path, mode):
    path = tmp_path / "a.txt"
    path.write_text("old")
    path.chmod(mode)
    with atomic_write(path) as file:
        file.write("new")
    assert bits(path) == mode


@pytest.mark.skipif(os.name != "posix", reason="permission bits are POSIX")
def test_a_new_file_has_the_permissions_of_any_other(tmp_path):
    (tmp_path / "plain.txt").write_text("")
    with atomic_write(tmp_path / "a.txt"):
        pass
    assert bits(tmp_path / "a.txt") == bits(tmp_path / "plain.txt")


def test_a_write_protected_file_is_not_replaced(tmp_path, monkeypatch):
    path = tmp_path / "a.txt"
    path.write_text("old")
    monkeypatch.setattr(os, "access", lambda *arguments: False)  # what everybody but root sees
    with pytest.raises(PermissionError, match=r"a\.txt"), atomic_write(path) as file:
        file.write("new")
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


@pytest.mark.skipif(os.name != "posix", reason="links need rights elsewhere")
def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "real").mkdir()
    path = tmp_path / "link.txt"
    path.symlink_to(tmp_path / "real" / "a.txt")
    for text in ("first", "second"):  # to nothing, then to a file
        with atomic_write(path) as file:
            file.write(text)
        assert path.is_symlink()
        assert (tmp_path / "real" / "a.txt").read_text() == text


@pytest.mark.skipif(os.name != "posix", reason="named pipes are POSIX")
def test_a_pipe_is_written_to_directly(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    read = []
    reader = threading.Thread(target=lambda: read.append(path.read_text()))
    reader.start()
    with atomic_write(path) as file:
        file.write("text")
    reader.join(10)
    assert read == ["text"]
    assert stat.S_ISFIFO(path.stat().st_mode)


@pytest.mark.skipif(not os.path.isdir("/dev/fd"), reason="there is no /dev/fd")
def test_an_open_pipe_is_written_to_by_its_name():
    end, start = os.pipe()
    with atomic_write(f"/dev/fd/{start}") as file:
        file.write("text")
    assert os.read(end, 99) == b"text"
    os.close(start)
    os.close(end)


def test_a_long_name_is_no_obstacle(tmp_path):
    with atomic_write(tmp_path / ("a" * 255)) as file:
        file.write("text")
    assert names(tmp_path) == ["a" * 255]


def test_where_it_cannot_stand_the_error_names_the_path(tmp_path):
    (tmp_path / "file").write_text("")
    for path, error in (
        (tmp_path, IsADirectoryError),
        (tmp_path / "missing" / "a.txt", FileNotFoundError),
        (tmp_path / "file" / "a.txt", NotADirectoryError),
        (tmp_path / ("a" * 300), OSError),
    ):
        with pytest.raises(error) as caught, atomic_write(path):
            raise AssertionError("not reached")
        assert caught.value.filename == str(path)
    assert names(tmp_path) == ["file"]
