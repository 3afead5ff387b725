"""Fictional names, and made-up texts about these people in two languages."""

from __future__ import annotations

# Household words, so that no person is ever meant; every family name is "Example".
NAMES = (
    *("Acorn", "Barrel", "Basket", "Biscuit", "Bobbin", "Bramble", "Bucket", "Button", "Candle", "Cobble"),
    *("Compass", "Domino", "Feather", "Fiddle", "Gadget", "Gravel", "Hammock", "Igloo", "Jigsaw", "Kettle"),
    *("Kiosk", "Ladder", "Magnet", "Marble", "Mitten", "Napkin", "Nimbus", "Oatmeal", "Paddle", "Parsnip"),
    *("Pebble", "Pocket", "Puddle", "Quartz", "Radish", "Ribbon", "Saddle", "Teapot", "Thimble", "Thistle"),
    *("Turnip", "Velvet", "Walnut", "Whistle"),
)
FAMILY_NAME = "Example"
OFFENDER = "R. Sample"
TELEPHONES = tuple(f"555-01{number:02}" for number in range(100))  # kept free for fiction by the numbering plan

NARRATIVES = {
    "en": (
        "A made-up account: a door was kicked, and a neighbour waited outside until it was quiet.",
        "A made-up account: messages all night, and a car at the corner in the morning.",
        "A made-up account: the telephone was taken away, and the papers with it.",
    ),
    "es": (
        "Relato inventado: golpes en la puerta, y una vecina esperó fuera hasta que hubo calma.",
        "Relato inventado: mensajes toda la noche, y un coche en la esquina por la mañana.",
        "Relato inventado: le quitaron el teléfono, y con él los papeles.",
    ),
}
GOALS = {
    "en": ("A quiet night", "Papers in one place", "A number to call from work"),
    "es": ("Una noche tranquila", "Los papeles juntos", "Un número al que llamar desde el trabajo"),
}
# What colleagues call a case among themselves: never anything of the survivor's.
NICKNAMES = tuple(
    f"{colour} {thing}"
    for colour in ("Blue", "Green", "Grey", "Red", "Yellow", "White")
    for thing in ("door", "lantern", "bridge", "kite", "anchor", "garden")
)
CODE_WORDS = ("lemon tea", "grey umbrella", "second shelf", "blue bicycle")
