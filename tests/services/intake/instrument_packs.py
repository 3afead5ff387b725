"""Packs for tests: the structure of instruments that are used in the field, with words that say nothing."""

import tomllib
from typing import Any

from services.intake.domain import RiskInstrument
from services.intake.instrument_packs import InstrumentPack, PackItem, wording_digest


def items(group_sizes: dict[str, int], kind: str = "yes_no") -> list[dict[str, Any]]:
    """Return items q1, q2 ... in groups of these sizes."""
    groups = [group for group, size in group_sizes.items() for _ in range(size)]
    return [
        {"code": f"q{number}", "group": group, "kind": kind, "wording": {"en": f"item {number}"}}
        for number, group in enumerate(groups, start=1)
    ]


def a_pack(**fields: Any) -> dict[str, Any]:
    """Return a pack as its file would hold it, with the digest of its words."""
    pack: dict[str, Any] = {
        "instrument_id": "example",
        "version": "1",
        "licensor": "A Licensor",
        "licence": "by permission",
        "permission_ref": "letter 7",
        "languages": ["en"],
        "bands": ["standard", "high"],
        "items": items({"first": 3, "rest": 8}),
        "rules": [{"kind": "any_of", "group": "first", "band": "high"}],
    } | fields
    if "wording_digest" not in pack:
        pack["wording_digest"] = wording_digest([PackItem.model_validate(item) for item in pack["items"]])
    return pack


def an_instrument(**fields: Any) -> RiskInstrument:
    return InstrumentPack.model_validate(a_pack(**fields)).instrument()


# The structure of the LAP screen: three items of which each suffices, four of the other eight, or the officer's belief.
LAP_RULES = [
    {"kind": "any_of", "group": "first", "band": "high"},
    {"kind": "at_least_n_of", "group": "rest", "at_least": 4, "band": "high"},
    {"kind": "belief", "band": "high"},
]
# The structure of the DASH list: fourteen of twenty-four, professional judgement, or three reports within a year.
DASH_RULES = [
    {"kind": "at_least_n_of", "group": "all", "at_least": 14, "band": "high"},
    {"kind": "at_least_n_of", "group": "all", "at_least": 10, "band": "elevated"},
    {"kind": "belief", "band": "high"},
    {"kind": "escalation", "at_least": 3, "within_days": 365, "band": "high"},
]


def toml(pack: dict[str, Any]) -> str:
    """Return a pack as TOML, for the few kinds of value that a pack has."""
    head = {name: value for name, value in pack.items() if name not in ("items", "rules")}
    parts = [_table(head)]
    for name in ("items", "rules"):
        parts += [f"[[{name}]]\n{_table(entry)}" for entry in pack[name]]
    text = "\n".join(parts)
    tomllib.loads(text)
    return text


def _table(values: dict[str, Any]) -> str:
    return "".join(f"{name} = {_value(value)}\n" for name, value in values.items())


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name} = {_value(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    return str(value) if isinstance(value, int) else '"' + str(value) + '"'
