"""What people look at: `trace` (text), `graph` (Graphviz source), `render` (find and run `dot`).

Everything here is built on the records of `autograd.listing`; nothing here computes a derivative.
"""
