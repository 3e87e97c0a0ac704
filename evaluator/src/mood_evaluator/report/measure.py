"""Breaks words into lines by the widths of their letters, as the PDF sets them."""

from functools import cache

from matplotlib.font_manager import FontProperties, findfont, get_font


def wrap(text: str, width: float, size: float, *, bold: bool = False) -> list[str]:
    """Return the lines of a text in letters of `size` points that fit into `width` inches."""
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if not lines[-1] or width_of(longer, size, bold=bold) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def fit(text: str, width: float, size: float) -> str:
    """Return the text, cut off where it is wider than `width` inches."""
    if width_of(text, size) <= width:
        return text
    while text and width_of(f"{text}…", size) > width:
        text = text[:-1]
    return f"{text}…"


def width_of(text: str, size: float, *, bold: bool = False) -> float:
    """Return inches."""
    return sum(_advance(letter, bold) for letter in text) * size / 72


@cache
def _advance(letter: str, bold: bool) -> float:  # noqa: FBT001 - a key of the cache
    """Return the width of a letter of one point, in points."""
    font = get_font(findfont(FontProperties(family="DejaVu Sans", weight="bold" if bold else "normal")))
    font.set_size(100, 72)
    return float(font.load_char(ord(letter)).linearHoriAdvance) / 65536 / 100
