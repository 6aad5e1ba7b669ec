"""Fuzzing: what people, files and pages may send is made up at random, guided by which code it reaches.

`draw.py` turns bytes into choices, each other module is a target: a function of bytes that makes up an input, gives it
to the package and raises where that breaks a law. `python -m tests.fuzz TARGET` searches for such bytes, with atheris;
`tests/test_hostile.py` keeps those that were found.
"""
