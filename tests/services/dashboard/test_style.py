"""Our own style: every text stands out from its ground by day and by night, and nothing is fetched."""

import re

import pytest

from services.dashboard.ui_files import FILES

STYLE = FILES["desk.css"].body.decode()
ROOTS = re.findall(r":root \{([^}]*)\}", STYLE)
DAY, NIGHT = (dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", root)) for root in ROOTS[:2])
DAY |= {"govuk-body-background-colour": "#ffffff", "govuk-text-colour": "#0b0c0c"}  # as the kit has them
TEXTS = ("govuk-text-colour", "govuk-link-colour", "desk-late", "desk-soon")
GROUNDS = ("govuk-body-background-colour", "desk-panel")


def light(colour: str) -> float:
    """Return the relative luminance of a colour (WCAG 2.2)."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: str, second: str) -> float:
    lighter, darker = sorted((light(first), light(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("side", [DAY, NIGHT], ids=["day", "night"])
@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("text", TEXTS)
def test_text_has_the_contrast_that_weak_eyes_need(side: dict[str, str], text: str, ground: str) -> None:
    assert contrast(side[text], side[ground]) >= (7 if text == "govuk-text-colour" else 6)


@pytest.mark.parametrize("colour", [DAY["desk-brand"], DAY["desk-button"], NIGHT["desk-button"]])
def test_white_can_be_read_on_our_own_colour(colour: str) -> None:
    assert contrast("#ffffff", colour) >= 6


def test_the_night_names_every_colour_of_the_day_that_it_needs() -> None:
    assert {name for name in DAY if name.startswith("desk-")} - set(NIGHT) == {"desk-brand"}


def test_styles_fetch_nothing_and_never_hide_the_focus() -> None:
    assert not re.search(r"url\(|@import|@font-face", STYLE)
    assert re.findall(r"([^{}\n]+)\{[^}]*outline: none", STYLE) == ["main:focus "]
