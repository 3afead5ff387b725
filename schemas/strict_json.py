"""JSON as the edge accepts it: one meaning a document, and no text that hides itself.

What is accepted equals what `json.loads` returns.  What is refused is refused with
a code and a place, never with the value: the value may be the survivor's.
"""

import json
import math
import re
from typing import Any, Final

from schemas.taxonomy import FIELDS

MAX_DEPTH: Final = 32
MAX_ELEMENTS: Final = 1_000  # what a form makes of them, an error for each, takes some milliseconds
# The characters with the Unicode property Bidi_Control: they make text read otherwise than it is stored.
BIDI_CONTROLS: Final = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
# The same refusal for readers of a published schema; a lone surrogate cannot be written in a pattern.
SAFE_TEXT_PATTERN: Final = r"^[^\u0000\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]*$"

_BIDI_CONTROL = re.compile(f"[{BIDI_CONTROLS}]")
# A text, or what is left of one that does not end, so that no start is looked at twice.
_TEXT = re.compile(rb'"(?:[^"\\]|\\.)*+"?', re.DOTALL)
_SURROGATE = re.compile("[\ud800-\udfff]")
_KNOWN_NAMES = frozenset(path.partition(".")[2] for path in FIELDS)


class BadJson(ValueError):
    """The document was refused: `code` says why, `where` points to the place.

    `where` is a JSON Pointer in which a name that no contract knows reads `*`,
    because a name, too, can be something a person typed.
    """

    def __init__(self, code: str, where: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.where = where


class _Pairs(list[tuple[str, Any]]):
    """The members of an object as they were written, repeated names included."""


def loads(raw: bytes) -> Any:
    """Return what `raw` says, or raise BadJson.

    Refused: broken, duplicate_key, nul, lone_surrogate, bidi_control, not_finite,
    too_deep, too_many_elements.  Elements are counted by the signs that begin or
    part them, before anything is made of them.
    """
    if b"\x00" in raw:
        raise BadJson("nul")
    if _signs(raw) > MAX_ELEMENTS and _signs(_TEXT.sub(b"", raw)) > MAX_ELEMENTS:
        raise BadJson("too_many_elements")
    try:
        parsed = json.loads(
            raw.decode(), object_pairs_hook=_Pairs, parse_constant=_refuse_constant, parse_float=_finite
        )
    except BadJson:
        raise
    except RecursionError:
        raise BadJson("too_deep") from None
    except ValueError:  # not UTF-8, not JSON, or a number of thousands of digits; the cause would quote the document
        raise BadJson("broken") from None
    return _checked(parsed, 0)


def _signs(raw: bytes) -> int:
    return raw.count(b",") + raw.count(b"[") + raw.count(b"{")


def safe_text(text: str) -> str:
    """Return `text`, or raise BadJson: nul, lone_surrogate or bidi_control."""
    code = _flaw(text)
    if code is not None:
        raise BadJson(code)
    return text


def _flaw(text: str) -> str | None:
    if "\x00" in text:
        return "nul"
    if text.isascii():
        return None
    if _SURROGATE.search(text):
        return "lone_surrogate"
    return "bidi_control" if _BIDI_CONTROL.search(text) else None


def _checked(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return safe_text(value)
    if not isinstance(value, list):
        return value
    if depth == MAX_DEPTH:
        raise BadJson("too_deep")
    if isinstance(value, _Pairs):
        return _checked_object(value, depth)
    checked = []
    for item in value:
        try:
            checked.append(_checked(item, depth + 1))
        except BadJson as bad:
            raise BadJson(bad.code, f"/{len(checked)}{bad.where}") from None
    return checked


def _checked_object(pairs: _Pairs, depth: int) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for name, value in pairs:
        try:  # where it stands is written down for what is refused alone
            if safe_text(name) in members:
                raise BadJson("duplicate_key")
            members[name] = _checked(value, depth + 1)
        except BadJson as bad:
            place = name if name in _KNOWN_NAMES else "*"
            raise BadJson(bad.code, f"/{place}{bad.where}") from None
    return members


def _refuse_constant(_name: str) -> Any:
    raise BadJson("not_finite")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise BadJson("not_finite")
    return number
