"""Pixels: colours for numbers, and small images that stand inside a page.

This room knows the two colour scales and the PNG format. It does not know what the numbers mean.

The scale for signed numbers goes from orange over white to blue, which people with any kind of colour blindness tell
apart. Classes have the eight colours of Okabe and Ito.

Source: Okabe and Ito, 2008 (colours); ISO/IEC 15948 (PNG).
"""

from __future__ import annotations

import base64
import struct
import zlib
from typing import Any

__all__ = ["BLUE", "CLASS_COLOURS", "ORANGE", "class_pixels", "data_uri", "hex_colour", "png", "signed_pixels"]

Colour = tuple[int, int, int]

ORANGE: Colour = (230, 118, 40)
WHITE: Colour = (246, 246, 246)
BLUE: Colour = (36, 107, 188)

CLASS_COLOURS: tuple[Colour, ...] = (
    (230, 159, 0),
    (86, 180, 233),
    (0, 158, 115),
    (240, 228, 66),
    (0, 114, 178),
    (213, 94, 0),
    (204, 121, 167),
    (150, 150, 150),
)


def hex_colour(colour: Colour) -> str:
    """Return a colour as a page writes it.

    Example:
        >>> hex_colour((255, 0, 16))
        '#ff0010'
    """
    return "#" + "".join(f"{part:02x}" for part in colour)


def signed_pixels(numbers: Any, limit: float) -> Any:
    """Return the colours of signed numbers: orange at −limit and below, white at 0, blue at limit and above.

    Args:
        numbers: an array (rows, columns); what is not a number becomes white.
        limit: the number that is wholly blue; above 0.

    Returns:
        An array (rows, columns, 3) of bytes.

    Example:
        >>> import numpy as np
        >>> signed_pixels(np.array([[-1.0, 0.0, 3.0]]), 1.0).tolist()
        [[[230, 118, 40], [246, 246, 246], [36, 107, 188]]]
    """
    import numpy as np

    shares = np.clip(np.nan_to_num(numbers / limit), -1.0, 1.0)[..., None]
    ends = np.where(shares < 0.0, np.array(ORANGE, float), np.array(BLUE, float))
    return _mixed(ends, np.abs(shares))


def class_pixels(shares: Any, strength: float = 1.0) -> Any:
    """Return the colours of class probabilities: that of the likeliest class, the whiter the less certain it is.

    Args:
        shares: an array (rows, columns, classes) of probabilities.
        strength: of the colour of a certain class; 1 for the whole colour, less for a paler one.

    Returns:
        An array (rows, columns, 3) of bytes.

    Example:
        >>> import numpy as np
        >>> class_pixels(np.array([[[1.0, 0.0], [0.0, 1.0]]])).tolist()
        [[[230, 159, 0], [86, 180, 233]]]
    """
    import numpy as np

    colours = np.array(CLASS_COLOURS, float)
    best = shares.argmax(axis=-1)
    even = 1.0 / shares.shape[-1]
    certainty = np.clip((np.nan_to_num(shares.max(axis=-1)) - even) / (1.0 - even), 0.0, 1.0)
    return _mixed(colours[best % len(colours)], strength * certainty[..., None])


def _mixed(colours: Any, share: Any) -> Any:
    import numpy as np

    white = np.array(WHITE, float)
    return np.rint(white + (colours - white) * share).astype(np.uint8)


def data_uri(pixels: Any) -> str:
    """Return an image as the address of itself: `data:image/png;base64,…`.

    Args:
        pixels: an array (rows, columns, 3) of bytes.
    """
    return "data:image/png;base64," + base64.b64encode(png(pixels)).decode("ascii")


def png(pixels: Any) -> bytes:
    r"""Return an image in the PNG format; the same pixels give the same bytes.

    Each row is written as differences from pixel to pixel, which makes smooth images small.

    Args:
        pixels: an array (rows, columns, 3) of bytes: red, green, blue, first row on top.

    Example:
        >>> import numpy as np
        >>> png(np.zeros((2, 3, 3), np.uint8))[:8]
        b'\x89PNG\r\n\x1a\n'
    """
    height, width, _ = pixels.shape
    differences = pixels.copy()
    differences[:, 1:] -= pixels[:, :-1]  # bytes wrap around, as the format wants it
    sub = b"\x01"  # the number of this filter, in front of each row
    rows = b"".join(sub + row.tobytes() for row in differences)
    eight_bits_of_red_green_blue = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", eight_bits_of_red_green_blue)
        + _chunk(b"IDAT", zlib.compress(rows, 9))
        + _chunk(b"IEND", b"")
    )


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
