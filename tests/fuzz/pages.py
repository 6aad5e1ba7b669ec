"""Pages and pictures: a name that is hostile makes the same elements as one that is harmless, and is shown as text."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree

import nn
from autograd import Value, draw, scope, step_through
from tests.fuzz.draw import Draw
from tests.fuzz.laws import FaultError

__all__ = ["HOSTILE", "QUICK", "WRITERS", "check", "check_label", "elements", "links", "network", "trained"]

HOSTILE = [
    "<script>window.hacked=1</script>",
    '"><img src=x onerror="window.hacked=1">',
    "'><svg onload='window.hacked=1'>",
    "</script><script>window.hacked=1</script>",
    "</style></title></svg></textarea><script>window.hacked=1</script>",
    "]]><script>window.hacked=1</script><![CDATA[",
    "--><script>window.hacked=1</script><!--",
    "<a href='javascript:window.hacked=1'>x</a>",
    "javascript:window.hacked=1",
    "&lt;script&gt;window.hacked=1&lt;/script&gt;",
    "&#60;script&#62;&quot;&#x22;",
    "${window.hacked=1} {{window.hacked=1}} `${1}`",
    '\\"; URL="javascript:window.hacked=1',
    "\\N\\G\\E\\T\\H\\L\\\\ \\n\\l \\x41 %5Cn",
    "a\u2028b\u2029c\x85d\x00e\x0bf\ufffeg\uffff",
    "\udcff half of a character \ud83d",
    "\u202eright to left\u202c עברית",
    "<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>&a;",
    "<TABLE><TR><TD HREF='javascript:window.hacked=1'>x</TD></TR></TABLE>",
    '</TD></TR></TABLE>> ] node [ label=<x> URL="javascript:window.hacked=1"',
    "$\\frac{1}{0}$ $\\input{/etc/passwd}$",
    "x" * 3000,
    " ",
    "",
]
PIECES = [
    "<",
    ">",
    '"',
    "'",
    "&",
    "\\",
    "`",
    "${",
    "}",
    "</",
    "<!--",
    "-->",
    "]]>",
    "script",
    "onload=",
    "=",
    " ",
    "/",
    ";",
    "x",
]


def network(label: str) -> nn.Module:
    """Return a network in which everything that has a name has this one."""
    activation: Any = lambda x: x * x
    activation.__name__ = label
    kind = type(label.replace("\0", "") or "x", (nn.Dropout,), {}) if label.isprintable() else nn.Dropout
    layers = [nn.Layer(2, 2, activation, seed=1, name=label), kind(0.5), nn.Layer(2, 2, "identity", seed=2, name=label)]
    return nn.Sequential(*layers)


@cache
def _history() -> nn.History:
    model = nn.MLP(2, [2, 2], "tanh", seed=1)
    inputs = [[0.5, 1.0], [1.0, -0.5], [-0.5, -1.0], [0.0, 0.5]]
    optimizer = nn.SGD(model.parameters(), 0.1)
    return nn.fit(
        model, inputs, [0, 1, 0, 1], loss="softmax_cross_entropy", optimizer=optimizer, epochs=1, progress=False
    )


def trained(label: str) -> Any:
    """Return the report of a run in which everything that has a name has this one."""
    history = _history()
    for layer in history.model.layers:
        layer.name = label
    history.stopped = label
    names = [label, f"{label} "]
    return nn.report(history, title=label, features=names, classes=names)


def recorded(label: str) -> Value:
    """Return a value whose leaves, nodes and scopes have a name."""
    x, y = Value(2.0, label=label), Value(3.0, label=f"{label}2")
    with scope(label), scope(f"{label} inside"):
        product = x * y
        product.label = label
    total = product + x * 0.5
    total.label = label
    return total


def _bundle(thing: Any) -> str:
    bundle = thing._repr_mimebundle_()
    data = bundle[0] if isinstance(bundle, tuple) else bundle
    return str(data.get("text/html") or data["image/svg+xml"])


WRITERS: dict[str, Callable[[str], str]] = {
    "diagram": lambda label: nn.network_diagram(network(label), features=[label, "y"], inputs=[0.5, 1.0]).svg,
    "dark diagram": lambda label: nn.network_diagram(network(label), features=[label, "y"], theme="dark").svg,
    "network in a notebook": lambda label: _bundle(network(label)),
    "report": lambda label: trained(label).html,
    "report in a notebook": lambda label: _bundle(trained(label)),
    "graph": lambda label: draw(recorded(label)).svg,
    "collapsed graph": lambda label: draw(recorded(label), collapse="all", theme="dark").svg,
    "graph in a notebook": lambda label: _bundle(recorded(label)),
    "steps": lambda label: step_through(recorded(label), title=label).html,
    "steps forward": lambda label: step_through(recorded(label), mode="forward", title=label).html,
    "collapsed steps": lambda label: step_through(recorded(label), collapse="all", title=label).html,
    "steps in a notebook": lambda label: _bundle(step_through(recorded(label), title=label)),
    "graph of a network": lambda label: nn.draw(network(label), [0.5, 1.0]).svg,
    "steps of a network": lambda label: nn.step_through(network(label), [0.5, 1.0]).html,
}
"""What is written -> how, for a name."""

QUICK = ["diagram", "dark diagram", "network in a notebook"]
"""What is written so fast that it can be tried over and over."""


# -- what a page is made of ------------------------------------------------------------------------------------------


class _Elements(HTMLParser):
    """Gathers the elements of a page, with the names of their attributes, and the links and styles in those."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[tuple[str, ...]] = set()
        self.links: set[str] = set()
        self.inner: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.add((tag, *sorted(name for name, _ in attrs)))
        for name, value in attrs:
            if name.rpartition(":")[2] in {"href", "src", "action", "data", "formaction"}:
                self.links.add((value or "").partition(",")[0][:40])
            if name == "srcdoc":
                self.inner.append(value or "")

    def handle_comment(self, data: str) -> None:
        self.found.add(("a comment",))

    def handle_pi(self, data: str) -> None:
        self.found.add(("an instruction", data.partition(" ")[0]))

    def unknown_decl(self, data: str) -> None:
        self.found.add(("a declaration",))


def _parsed(page: str) -> _Elements:
    elements = _Elements()
    elements.feed(page)
    elements.close()
    for inner in elements.inner:
        within = _parsed(inner)
        elements.found |= within.found
        elements.links |= within.links
    return elements


def elements(page: str) -> set[tuple[str, ...]]:
    """Return the kinds of elements in a page, frames within it included: (tag, names of the attributes)."""
    return _parsed(page).found


def links(page: str) -> set[str]:
    """Return where the elements of a page point to."""
    return _parsed(page).links


@cache
def _harmless(name: str) -> set[tuple[str, ...]]:
    """Return the kinds of elements for names that are harmless: short, long, empty, of another script."""
    labels = ["name", "some name " * 40, "", " ", "w1", "עברית", "a\\b", "loss2 inside"]
    return {kind for label in labels for kind in elements(WRITERS[name](label))}


def check(data: bytes) -> None:
    """Check the pages for the name that some bytes make."""
    draw_ = Draw(data)
    name = draw_.one_of(QUICK)
    if draw_.below(2):
        check_label(name, draw_.rest().decode("utf-8", "surrogateescape"))
    else:
        check_label(name, "".join(draw_.one_of([*PIECES, *HOSTILE[:20]]) for _ in range(min(len(data), 30))))


def check_label(name: str, label: str) -> None:
    """Raise where a page for some name is made of other things than one for a harmless name."""
    page = WRITERS[name](label)
    page.encode()
    other = elements(page) - _harmless(name)
    if other:
        raise FaultError(f"{name} for {label!r} has {sorted(other)}")
    wrong = {each for each in links(page) if not re.match(r"#|data:image/(png|svg\+xml);base64$|$", each)}
    if wrong:
        raise FaultError(f"{name} for {label!r} leads to {wrong}")
    if page.lstrip().startswith(("<svg", "<?xml")):
        ElementTree.fromstring(page)
        forbidden = re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]", page)
        if forbidden:
            raise FaultError(f"{name} for {label!r} holds {forbidden[0]!r}, which is not allowed in XML")
