"""The one stylesheet: every text stands out from its ground, and nothing is fetched."""

import re

import pytest

from services.dashboard.templates import STYLE

TEXTS = [("#111", "#fff"), ("#1d4f91", "#fff"), ("#fff", "#1d4f91"), ("#111", "#ffdd00")]
LINES = [("#555", "#fff"), ("#111", "#fff"), ("#1d4f91", "#fff")]


def light(colour: str) -> float:
    """Return the relative luminance of a colour (WCAG 2.2)."""
    digits = colour[1:] if len(colour) == 7 else "".join(digit * 2 for digit in colour[1:])
    parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: str, second: str) -> float:
    lighter, darker = sorted((light(first), light(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize(("text", "ground"), TEXTS)
def test_text_has_the_contrast_that_weak_eyes_need(text: str, ground: str) -> None:
    assert contrast(text, ground) >= 7


@pytest.mark.parametrize(("line", "ground"), LINES)
def test_lines_that_mean_something_can_be_seen(line: str, ground: str) -> None:
    assert contrast(line, ground) >= 3


def test_no_other_colour_is_used() -> None:
    assert set(re.findall(r"#[0-9a-f]{3,6}\b", STYLE)) == {colour for pair in TEXTS + LINES for colour in pair}


def test_styles_fetch_nothing_and_never_hide_the_focus() -> None:
    assert not re.search(r"url\(|@import|@font-face", STYLE)
    assert re.findall(r"([^{}\n]+)\{[^}]*outline: none", STYLE) == ["main:focus "]
