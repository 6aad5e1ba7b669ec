"""Hypothesis profiles: `quick` for every run, the same examples each time; `few` where only the lines run count.

`HYPOTHESIS_PROFILE=deep python -m pytest tests/test_strategies.py` runs a long one, with fresh examples.
"""

from __future__ import annotations

import importlib.util
import os
import signal

from hypothesis import settings

settings.register_profile("quick", max_examples=60, deadline=None, database=None, derandomize=True)
settings.register_profile("few", parent=settings.get_profile("quick"), max_examples=6)
settings.register_profile("deep", max_examples=5000, deadline=None, database=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))

# A module that cannot be imported has no doctests: lessons need Jupyter, some peers and oracles themselves.
NEEDS = {"lessons.py": ("jupytext", "nbclient"), "programs_jax.py": ("jax",)}
collect_ignore = [file for file, names in NEEDS.items() if not all(map(importlib.util.find_spec, names))]

# A shell that runs the tests in the background lets them ignore Ctrl-C, and some tests press it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
