"""What is seen in a picture of `nn`: where its boxes, texts, ticks and pixels are."""

from __future__ import annotations

import base64
import re
import struct
import zlib
from typing import NamedTuple
from xml.etree import ElementTree

import numpy as np

SIZES = {"tick": 11.0, "head": 12.0, "name": 12.0}
"""Of letters, by class, as the style of a report has it."""

LETTER = 0.55
"""Width of a letter as a share of its size, about."""


class Box(NamedTuple):
    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self):
        return self.right - self.left

    @property
    def height(self):
        return self.bottom - self.top

    @property
    def middle(self):
        return (self.top + self.bottom) / 2.0

    @property
    def center(self):
        return (self.left + self.right) / 2.0

    def is_inside(self, other, slack=0.06):  # numbers are written with one digit
        return (
            other.left - slack <= self.left
            and other.top - slack <= self.top
            and self.right <= other.right + slack
            and self.bottom <= other.bottom + slack
        )

    def meets(self, other, slack=0.06):
        across = min(self.right, other.right) - max(self.left, other.left)
        return across > slack and min(self.bottom, other.bottom) - max(self.top, other.top) > slack


def rooted(svg):
    """The root of a picture in a page, without the name space in the tags."""
    strict = svg.replace("class=sharp", 'class="sharp"').replace(" checked>", ' checked="">')
    root = ElementTree.fromstring(re.sub(r"(<input [^>]*)>", r"\1/>", strict))
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root


def view(root):
    left, top, width, height = map(float, root.get("viewBox").split())
    return Box(left, top, left + width, top + height)


def box(element):
    """The box of a rectangle, an image or a circle."""
    if element.tag == "circle":
        x, y, r = (float(element.get(name)) for name in ("cx", "cy", "r"))
        return Box(x - r, y - r, x + r, y + r)
    x, y, width, height = (float(element.get(name)) for name in ("x", "y", "width", "height"))
    return Box(x, y, x + width, y + height)


def text_box(text):
    """The box of a text, about: it stands on its baseline, and its class or attributes say how large it is."""
    classes = text.get("class", "").split()
    size = float(text.get("font-size") or next(SIZES[each] for each in classes if each in SIZES))
    anchor = text.get("text-anchor") or next((each for each in classes if each in ("middle", "end")), "start")
    width = LETTER * size * len(text.text)
    left = float(text.get("x")) - {"start": 0.0, "middle": 0.5, "end": 1.0}[anchor] * width
    baseline = float(text.get("y"))
    return Box(left, baseline - 0.75 * size, left + width, baseline + 0.15 * size)


def texts(root):
    """Every text that is not turned, with its box."""
    return [(text.text, text_box(text)) for text in root.iter("text") if text.get("x") is not None]


def numbers(path):
    return [float(number) for number in re.findall(r"-?\d+(?:\.\d+)?", path)]


def points(path):
    """The points of a path of absolute places."""
    found = numbers(path.replace("h0", ""))
    return list(zip(found[::2], found[1::2]))


def of_class(root, name):
    return [element for element in root.iter() if name in element.get("class", "").split()]


def decoded(uri):
    """Return the pixels of a `data:image/png` address; undoes the filter that writes differences."""
    content = base64.b64decode(uri.removeprefix("data:image/png;base64,"))
    width, height = struct.unpack(">II", content[16:24])
    length = content.index(b"IDAT")
    size = struct.unpack(">I", content[length - 4 : length])[0]
    rows = np.frombuffer(zlib.decompress(content[length + 4 : length + 4 + size]), np.uint8).reshape(height, -1)
    assert (rows[:, 0] == 1).all()
    return np.cumsum(rows[:, 1:].reshape(height, width, 3), axis=1, dtype=np.uint8)
