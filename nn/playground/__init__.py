"""A page in the browser on which a small network can be watched while it learns: `python -m nn playground`.

`nn.playground.settings` says what can be chosen and how an address spells it, `nn.playground.run` trains, and says what
there is to see, `nn.playground.server` talks to pages. The page itself, in `page/`, only shows and asks.
"""
