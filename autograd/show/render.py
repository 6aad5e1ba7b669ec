"""From a picture's source to an image: find Graphviz's `dot`, run it, keep the result.

A fresh machine has no `dot`. It is looked for in this order: an explicit argument or the environment variable
TAPEGRAD_DOT; the program that the package `graphviz-pure` brings along; the system's. PDF goes to the system's, because
the bundled one does not write it. The source is there in any case.

This room knows nothing of tapes: `autograd.show.graph` writes the source.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from autograd.show.graph import dot_source
from autograd.tape import Tape
from autograd.value import Value

__all__ = ["Drawing", "bundle_of", "draw", "find_dot"]

FORMATS = ("svg", "png", "pdf", "dot")

VARIABLE = "TAPEGRAD_DOT"

PATIENCE = 60.0
"""Seconds that `dot` may take."""

INSTALL = (
    'install one with `pip install "tapegrad[dot]"`, or Graphviz from your system (`apt install graphviz`, '
    "`brew install graphviz`, https://graphviz.org/download); a file that ends in .dot needs none"
)

FITTING = 'style="max-width:100%;height:auto"'
"""What keeps a picture within the page of a notebook."""


class Drawing:
    """A picture of a tape: in a notebook it shows itself, elsewhere `save` it.

    Args:
        source: the picture in the DOT language.
        dot: the `dot` program to run; by default it is looked for.

    Example:
        >>> from autograd import Value
        >>> x = Value(3.0, label="x")
        >>> draw(x * x).source.startswith("digraph")
        True
    """

    def __init__(self, source: str, dot: str | None = None) -> None:
        self.source = source
        self._dot = dot
        self._made: dict[str, bytes] = {}

    def __repr__(self) -> str:
        return f"<Drawing: {len(self.source.splitlines())} lines of DOT source>"

    @property
    def svg(self) -> str:
        """The picture as SVG."""
        return self.render("svg").decode()

    @property
    def png(self) -> bytes:
        """The picture as PNG, at twice the size of a screen's pixels."""
        return self.render("png")

    def render(self, form: str) -> bytes:
        """Return the picture as the bytes of a file.

        Args:
            form: "svg", "png", "pdf" or "dot" (the source itself).

        Raises:
            ValueError: there is no such format.
            FileNotFoundError: no `dot` program is found; the message says how to install one.
            RuntimeError: `dot` failed or took too long; the message has what it said.
        """
        form = _known(form)
        if form == "dot":
            return self.source.encode()
        if form not in self._made:
            self._made[form] = _run(find_dot(form, self._dot), form, self.source)
        return self._made[form]

    def save(self, path: str | os.PathLike[str], format: str | None = None) -> None:
        """Write the picture to a file, all of it or nothing.

        Args:
            path: of the file; how its name ends decides the format: .svg, .png, .pdf or .dot.
            format: the format, where the name does not say it.

        Raises:
            ValueError: neither the name nor `format` says a known format, or they say different ones.
            OSError: the file cannot be written.
            FileNotFoundError, RuntimeError: see `render`.
        """
        form = _form_of(Path(path), format)
        _check_writable(Path(path))
        _write(Path(path), self.render(form))

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        """Return the picture as notebooks ask for it: as SVG, and as PNG of the same width for readers without SVG.

        It is never wider than its page.
        """
        import base64

        del include, exclude
        try:
            png = base64.b64encode(self.png).decode()
            fitting = self.svg.replace("<svg ", f"<svg {FITTING} ", 1)
            bundle = {"image/svg+xml": fitting, "image/png": png, "text/plain": repr(self)}
            points = re.search(r'<svg width="([\d.]+)pt"', self.svg)
            return bundle, {"image/png": {"width": round(float(points[1]) * 4 / 3)}} if points else {}
        except (FileNotFoundError, RuntimeError) as error:
            return {"text/plain": f"{error}\n\n{self.source}"}


def draw(
    value: Value | Tape,
    path: str | os.PathLike[str] | None = None,
    format: str | None = None,
    *,
    theme: str = "light",
    direction: str | None = None,
    collapse: str | int = "auto",
    show: Literal["grads", "values"] = "grads",
    inputs: Iterable[Value] = (),
    dot: str | None = None,
) -> Drawing:
    """Return the picture of a value's tape, and save it where a path is given.

    Args:
        value: a recorded value, or a tape; a raw one is pruned to its last node first.
        path: the file to write; how its name ends decides the format: .svg, .png, .pdf or .dot.
        format: the format, where the name does not say it.
        theme: "light", which is also for print, or "dark".
        direction: "LR" from left to right, which is the default, or "TB" from top to bottom.
        collapse: "auto" collapses scopes, the innermost first, until there are 150 boxes or fewer; "none" collapses
            nothing, and draws up to 1000; "all" collapses the outermost ones; an int those at this depth, from 1.
        show: "grads" for values, grads and shares; "values" for the forward part alone.
        inputs: leaves that are data: their cards say input, and not param.
        dot: the `dot` program to run; by default the environment variable TAPEGRAD_DOT says it, or it is looked for.

    Raises:
        ValueError: there is nothing to draw or too much, no such format, or an argument is out of range.
        TypeError: it is neither a Value nor a Tape, or collapse is neither a text nor an int.
        FileNotFoundError: no `dot` program is found.
        RuntimeError: `dot` failed.
        OSError: the file cannot be written.

    Example:
        >>> from autograd import Value
        >>> w1, w2 = Value(2.0, label="w1"), Value(3.0, label="w2")
        >>> draw(w1**3 * w2 + 3 * w1)
        <Drawing: ... lines of DOT source>
    """
    source = dot_source(value, theme=theme, direction=direction, collapse=collapse, show=show, inputs=inputs)
    drawing = Drawing(source, dot)
    if path is not None:
        drawing.save(path, format)
    return drawing


def bundle_of(value: Value) -> Any:
    """Return a value as notebooks ask for it: as SVG and PNG where it can be drawn, and as text."""
    text = {"text/plain": repr(value)}
    try:
        bundle = draw(value)._repr_mimebundle_()
    except ValueError:  # a constant, or too large
        return text
    return (bundle[0] | text, bundle[1]) if isinstance(bundle, tuple) else text


# -- dot -------------------------------------------------------------------------------------------------------------


def find_dot(form: str = "svg", dot: str | None = None) -> str:
    """Return the `dot` program that writes a format.

    Args:
        form: "svg", "png" or "pdf".
        dot: a program or the path of one, which is then taken.

    Raises:
        FileNotFoundError: none is found; the message says how to install one.
    """
    import shutil

    chosen = dot or os.environ.get(VARIABLE)
    if chosen:
        return _existing(chosen, "the argument dot" if dot else VARIABLE)
    bundled = _bundled_dot() if form != "pdf" else None
    system = shutil.which("dot")
    if bundled or system:
        return bundled or str(system)
    if form == "pdf":
        raise FileNotFoundError(
            "a PDF needs the `dot` program of a system's Graphviz, and there is none: install it (`apt install "
            "graphviz`, `brew install graphviz`, https://graphviz.org/download), or write .svg or .png"
        )
    raise FileNotFoundError(f"an image needs Graphviz's `dot` program, and there is none: {INSTALL}")


def _existing(chosen: str, origin: str) -> str:
    import shutil

    found = shutil.which(os.path.expanduser(chosen))
    if found is None:
        raise FileNotFoundError(f"{origin} names {chosen!r}, which is no program that can be run: {INSTALL}")
    return found


def _bundled_dot() -> str | None:
    """Return the program of `graphviz-pure`, also where the environment's folder of programs is not on PATH."""
    import importlib.metadata  # 20 ms, which not every import of the package shall take

    try:
        files = importlib.metadata.files("graphviz-pure") or ()
    except importlib.metadata.PackageNotFoundError:
        return None
    for file in files:
        program = Path(str(file.locate()))
        if program.stem == "graphviz-pure" and program.suffix in ("", ".exe") and os.access(program, os.X_OK):
            return os.path.normpath(program)
    return None


def _run(dot: str, form: str, source: str) -> bytes:
    import subprocess

    command = [dot, f"-T{form}", *(["-Gdpi=192"] if form == "png" else [])]
    try:
        done = subprocess.run(command, input=source.encode(), capture_output=True, timeout=PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        raise RuntimeError(f"{dot} took more than {PATIENCE:g} seconds: draw less, or save as .dot") from None
    except OSError as error:
        raise RuntimeError(f"{dot} cannot be run: {error.strerror or error}") from error
    if done.returncode or not done.stdout:
        said = " ".join(done.stderr.decode(errors="replace").split()) or "nothing"
        raise RuntimeError(f"{dot} failed with exit code {done.returncode} and said: {said[:500]}")
    return done.stdout


# -- files -----------------------------------------------------------------------------------------------------------


def _form_of(path: Path, format: str | None) -> str:
    """Return the format that the name of a file says, or else `format`."""
    said = path.suffix.lower().removeprefix(".")
    if format is not None and said in FORMATS and _known(format) != said:
        raise ValueError(f"the name ends in .{said}, and the format is {format}: leave one of them out")
    return _known(format or path.suffix)


def _known(form: str) -> str:
    form = form.lower().removeprefix(".")
    if form not in FORMATS:
        given = f"not .{form}" if form else "which decides the format"
        raise ValueError(f"a picture's name ends in .{', .'.join(FORMATS[:-1])} or .{FORMATS[-1]}, {given}")
    return form


def _check_writable(path: Path) -> None:
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder, not a file")
    folder = path.resolve().parent
    if not folder.is_dir():
        raise FileNotFoundError(f"there is no folder {folder} to write {path.name} to")


def _write(path: Path, content: bytes) -> None:
    """Write a file under another name and rename it, so that nobody ever sees half of it."""
    target = path.resolve()  # a link stays a link
    if target.exists() and not target.is_file():  # a device, such as /dev/stdout
        target.write_bytes(content)
        return
    temporary = target.with_name(f".{target.name[:50]}.{secrets.token_hex(8)}")
    try:
        with temporary.open("xb") as file:
            file.write(content)
        if target.exists():
            temporary.chmod(target.stat().st_mode & 0o777)
        os.replace(temporary, target)
    except BaseException:  # Ctrl-C too
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
