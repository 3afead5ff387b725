"""A code by which two people on the telephone name a referral: two words and a number, drawn by chance.

It is derived from nothing, so that it joins nothing: ADR 0041.  The words are plain, told apart by ear, and of no
person, no place of refuge, no weapon, no drug and no faith.
"""

from __future__ import annotations

import re
import secrets
from typing import Final

WORDS: Final = tuple(
    """
    acorn alder almond amber apple apron arbor aspen aster autumn bagel bakery balcony bamboo banjo basil basket bench
    berry birch biscuit blanket bonnet bramble breeze bronze brook bucket bugle butter button cabin canvas canyon
    caramel carpet carrot castle cedar celery cello cherry chestnut citrus clarinet clover cobalt coconut comet compass
    copper coral cotton cricket cushion cypress daisy denim diamond dolphin drawer eagle easel emerald fabric falcon
    feather fern fiddle flannel flute forest fossil fountain garden garland garnet gazebo ginger glacier glider globe
    gopher granite grape gravel guitar hammock harvest hazel hedge hickory honey horizon indigo island ivory jacket
    jersey juniper kettle kitten koala ladder lagoon lavender lemon lentil lilac linen llama lobster locket lotus lumber
    magnet magnolia mango maple marble marigold market meadow melon mitten mocha muffin mustard napkin nectar nickel
    nutmeg oatmeal ocean olive onion opal orange orbit orchard orchid otter paddle panda paper parcel parsley pasture
    peach peanut pebble pecan pelican pencil penguin peony petal piano picnic pigeon pilot planet pocket pony poplar
    potato prairie pretzel pumpkin puzzle quartz quilt rabbit radish raisin saddle saffron salmon sandal sapphire satin
    sesame silver skylark slipper sonnet sparrow spinach spruce squirrel stadium station sugar summer sunset tangerine
    teapot thistle ticket timber toffee tomato topaz trolley trumpet tulip tundra turnip turtle umbrella valley vanilla
    velvet waffle wagon walnut willow window winter yellow yogurt zebra zinnia
    """.split()  # noqa: SIM905 - a list of words is read as text
)
NUMBERS: Final = range(10, 100)
_SPOKEN: Final = re.compile(r"([a-z]{3,12}) ([a-z]{3,12})(?: ([1-9][0-9]))?")


def draw() -> str:
    """Return a code drawn by chance from all that there are: some four million."""
    first, second = secrets.SystemRandom().sample(WORDS, 2)
    return f"{first} {second} {secrets.choice(NUMBERS)}"


def parse(text: str) -> str | None:
    """Return the code, or the two words of one, that somebody typed by ear in any spelling; None for anything else."""
    words = " ".join(re.split(r"[\s\-_.,]+", text.lower())).strip()
    return words if _SPOKEN.fullmatch(words) else None
