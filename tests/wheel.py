"""Build the distribution and look at it: `python -m tests.wheel`, about ten seconds; it needs pip and a registry.

The wheel is pure and holds what the repository holds of `autograd` and `nn`, and nothing else; building it again in
another folder, at another time, or from the source distribution gives the same bytes, where the umask is 022; it works
where the repository is not: the README's first example, both commands, the playground's page.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Sequence
from email.parser import Parser
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
LONG_AGO = "946684800"  # 2000-01-01, for SOURCE_DATE_EPOCH
BUILD = "import sys; from setuptools import build_meta; getattr(build_meta, f'build_{sys.argv[1]}')(sys.argv[2])"
EXAMPLE = """
import autograd, nn
from importlib import resources
from pathlib import Path
assert Path(autograd.__file__).parents[1] == Path(nn.__file__).parents[1] == Path(sys.argv[1]), autograd.__file__
w1, w2 = autograd.Value(2.0, label="w1"), autograd.Value(3.0, label="w2")
g = w1**3 * w2 + 3 * w1
g.backward()
assert (g.data, w1.grad, w2.grad) == (30.0, 39.0, 8.0)
assert resources.files("nn.playground").joinpath("page", "index.html").is_file()
"""


def tracked() -> list[str]:
    """Return the repository's files that are tracked, or would be."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=REPOSITORY, capture_output=True, encoding="utf-8", check=True).stdout
    return sorted({name for name in listed.splitlines() if (REPOSITORY / name).is_file()})


def copied(folder: Path, names: Sequence[str], time: int) -> Path:
    """Copy files of the repository into a folder, all of one time."""
    for name in names:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((REPOSITORY / name).read_bytes())
        os.utime(target, (time, time))
    return folder


def run(command: Sequence[str], folder: Path, environment: dict[str, str]) -> str:
    """Run a command that has to succeed, and return what it printed."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def built(kind: str, source: Path, tools: Path) -> Path:
    """Build a wheel or an sdist of a folder, and return the file."""
    out = source.with_name(f"{source.name}-{kind}")
    environment = {**os.environ, "PYTHONPATH": str(tools), "SOURCE_DATE_EPOCH": LONG_AGO}
    said = run([sys.executable, "-c", BUILD, kind, str(out)], source, environment)
    assert "Warning" not in said, said
    (found,) = out.iterdir()
    return found


def check_contents(wheel: Path, names: Sequence[str]) -> None:
    """Check which files are in the wheel: those of both packages, and its own facts."""
    with zipfile.ZipFile(wheel) as archive:
        inside = set(archive.namelist())
        facts = next(name for name in inside if name.endswith(".dist-info/METADATA"))
        metadata = Parser().parsestr(archive.read(facts).decode())
    assert wheel.name.endswith("-py3-none-any.whl"), wheel.name
    packages = {name for name in names if name.startswith(("autograd/", "nn/"))}
    found = {name for name in inside if ".dist-info/" not in name}
    assert found == packages, sorted(found ^ packages)
    assert {"autograd/py.typed", "nn/py.typed", "nn/playground/page/playground.js"} <= found
    assert any(name.endswith("/licenses/LICENSE") for name in inside)
    assert metadata["Name"] == "tapegrad"
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert metadata.get_payload() == (REPOSITORY / "README.md").read_text(encoding="utf-8")


def check_installed(wheel: Path, folder: Path) -> None:
    """Check that the wheel works away from the repository, among the packages that are installed here."""
    place = folder / "installed"
    pip("install", "--no-deps", "--target", place, wheel)
    environment = {**os.environ, "PYTHONPATH": str(place)}

    def told(*command: object) -> str:
        return run([str(part) for part in command], folder, environment)

    told(sys.executable, "-c", "import sys\n" + EXAMPLE, place)
    expression = ("w1**3*w2 + 3*w1", "w1=2", "w2=3")
    assert "39" in told(sys.executable, "-m", "autograd", *expression)
    assert "39" in told(place / "bin" / "tapegrad", *expression)
    assert "loss" in told(sys.executable, "-m", "nn", "train", "moons", "--epochs", "2", "--quiet")


def pip(*arguments: object) -> None:
    """Run pip."""
    quiet = ("--quiet", "--disable-pip-version-check")
    subprocess.run([sys.executable, "-m", "pip", *map(str, arguments), *quiet], check=True)


def main() -> None:
    """Build everything twice and check it."""
    names = tracked()
    os.umask(0o022)  # files have their modes in an archive
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        tools = folder / "tools"
        pip("install", "--target", tools, "setuptools>=77")
        first = built("wheel", copied(folder / "a", names, 1_000_000_000), tools)
        again = built("wheel", copied(folder / "elsewhere" / "b", names, 1_700_000_000), tools)
        assert first.read_bytes() == again.read_bytes(), "another folder and another time change the wheel"
        check_contents(first, names)
        source = built("sdist", folder / "a", tools)
        with tarfile.open(source) as archive:
            archive.extractall(folder / "unpacked", filter="data")
        (unpacked,) = (folder / "unpacked").iterdir()
        assert built("wheel", unpacked, tools).read_bytes() == first.read_bytes(), "the sdist builds another wheel"
        check_installed(first, folder)
        print(
            f"{first.name}: {first.stat().st_size:,} bytes, {len(names)} files in the repository; the same bytes thrice"
        )


if __name__ == "__main__":
    main()
