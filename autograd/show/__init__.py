"""What people look at: text, pictures, and pages on which they step through backprop.

`trace` and `formula` are text, `graph` is Graphviz source (of `boxes`), which `render` gives to `dot`; `stepper` is the
page, and `walk`, `scope_walk` and `stage` say what each of its steps shows.

Everything here is built on the records of `autograd.listing`; nothing here computes a derivative.
"""
