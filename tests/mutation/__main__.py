"""Mutation testing: would the tests notice? `python -m tests.mutation FILE ... [--sample 500] [--jobs 1]`.

Each mutant of a file is one small change to it, made by cosmic-ray's operators (`pip install "cosmic-ray>=8"`); it is
killed if one of the file's own tests fails or no longer ends. `--keep FOLDER` keeps what became of each, so that a run
goes on where another ended; mutants that survived run again once the tests have changed. `--report` runs nothing, and
prints the figures of each file and the mutants that survive; the folder `equivalent` says which of these cannot be
killed, and why: `--unlisted` leaves these out, as they take the longest. Without a FILE: every file that has tests of
its own. Mutants of the bridge to JAX are run where JAX is installed, and take longer: each is imported in a process of
its own.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from tests.mutation import server
from tests.mutation.laws import LAWS, ROOT
from tests.mutation.ledger import HEADING, Ledger, report, source_of
from tests.mutation.mutants import mutants, sample


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("files", nargs="*", metavar="FILE", default=[])
    parser.add_argument("--sample", type=int, default=500, help="at most so many mutants of a file, by chance")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--keep", type=Path, default=ROOT / "build" / "mutation", help="a folder for what is known")
    parser.add_argument("--report", action="store_true", help="run nothing: print what is known")
    parser.add_argument("--unlisted", action="store_true", help="do not run what is listed as equivalent")
    return parser.parse_args()


def main() -> None:
    chosen = arguments()
    ledger, survivors = Ledger(chosen.keep), []
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
        os.environ[name] = "1"  # a process with threads cannot be forked
    server.warm()
    print(HEADING, flush=True)
    for file in chosen.files or LAWS:
        every = mutants(file, source_of(file))
        some = sample(every, chosen.sample, chosen.seed)
        missing = [] if chosen.report else ledger.missing(file, some, listed=not chosen.unlisted)
        if missing:
            server.run(file, missing, chosen.jobs, ledger.write, chosen.keep)
        text, alive = report(file, len(every), some, ledger)
        print(text, flush=True)
        survivors += alive
    print("\n".join(["", "Survivors:", *survivors] if survivors else ["", "No survivors."]))


if __name__ == "__main__":
    main()
