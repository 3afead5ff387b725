"""Bodies full of canaries, made from JSON Schema alone: a new contract or route is sown by itself."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tests.leaks.canaries import INSTANT, NUMBER, POINT, REFERENCE, SLUG, TAG, WORD, YEARS, ZONE, CanaryPool, Kind

ABSENT: Final = object()
# Kinds of text that hold no word of one's own, and what is said there instead.
NO_WORD: Final = {
    "a time of day": "10:00",
    "the path of a field": "identity.given_name",
    "a spoken code": "amber kettle 42",
    "the code of a case": "86BC-A544",
}
WORDS: Final = (WORD, SLUG, TAG, ZONE)
ROOM_FOR_A_NUMBER: Final = 10**12
# Of some codes one is needed for the rest to be said: a channel that is a place, say, has no address.
CODES: Final[Mapping[str, str]] = {
    "ChannelKind": "sms",
    "ChannelStatus": "safe",
    "OrderExpiry": "dated",
    "NoticeKind": "referral_answered",
    "Instrument": "court_order",
    "DirectiveEffect": "permit",
    "Purpose": "advocacy",
}

# A directive's reference says nothing of anybody, and an offer of its fact is found by it.
OF_A_DIRECTIVE: Final = "reference of a directive"
# The day on which a plan is reviewed or a contact is tried again is an instant of the agency's own task.
OF_A_REVIEW: Final = "day of a review"
APART: Final = {"directive_ref": OF_A_DIRECTIVE, "next_review_on": OF_A_REVIEW, "recheck_on": OF_A_REVIEW}


@dataclass
class Sower:
    """Sows one schema document: `place` names it, `fixed` says what must be as it is for the whole to be valid."""

    document: Mapping[str, Any]
    nursery: CanaryPool
    use: str
    place: str
    fixed: Mapping[str, Any] = field(default_factory=dict)

    def sow(self, schema: Mapping[str, Any] | None = None) -> Any:
        """Return a value of the schema in which everything that can hold a canary holds one."""
        return self._value(self.document if schema is None else schema, (), None)

    def _value(self, schema: Mapping[str, Any], path: tuple[str, ...], category: str | None) -> Any:
        category = schema.get("x-accord-category", category)
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            definition = self._defined(schema["$ref"])
            if "enum" in definition:
                return self._code(name, definition["enum"], path)
            return self._value(definition, path, category)
        for many in ("anyOf", "oneOf", "allOf"):
            if many in schema:
                option = next(option for option in schema[many] if option.get("type") != "null")
                return self._value(option, path, category)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return self._code(path[-1] if path else "", schema["enum"], path)
        return self._of_type(schema, path, category)

    def _of_type(self, schema: Mapping[str, Any], path: tuple[str, ...], category: str | None) -> Any:
        match schema.get("type"):
            case "object":
                members = {
                    name: self._member(name, member, path, category) for name, member in schema["properties"].items()
                }
                return {name: value for name, value in members.items() if value is not ABSENT}
            case "array":
                return [self._value(schema["items"], (*path, "0"), category)]
            case "string":
                return self._text(schema, path, category)
            case "number":
                return float(self._new(POINT, path, category))
            case "integer" if schema.get("maximum", ROOM_FOR_A_NUMBER) >= ROOM_FOR_A_NUMBER:
                return int(self._new(NUMBER, path, category))
            case "integer":
                return self._nothing("a small number", path, max(3, schema.get("minimum", 0)))
            case "boolean":
                return self._nothing("yes or no", path, False)
        raise TypeError(f"{self.place} {path}: a kind of value that no canary was thought of for: {schema}")

    def _member(self, name: str, schema: Mapping[str, Any], path: tuple[str, ...], category: str | None) -> Any:
        member_path = (*path, name)
        named = ".".join(member_path)
        return self.fixed[named] if named in self.fixed else self._value(schema, member_path, category)

    def _text(self, schema: Mapping[str, Any], path: tuple[str, ...], category: str | None) -> str:
        match schema.get("format"):
            case "uuid":
                return self._new(REFERENCE, path, category)
            case "date":
                return self._new(YEARS[0], path, category)
            case "date-time":
                return f"2615-02-03T{self._new(INSTANT, path, category)}Z"
        pattern, most = re.compile(schema.get("pattern", "")), schema.get("maxLength", 1_000)
        for kind in WORDS:
            canary = self.nursery.new(kind, self.use, self._named(path), category)
            if pattern.search(canary.text) and len(canary.text) <= most:
                return canary.text
            del self.nursery.canaries[canary.core]
        for why, text in NO_WORD.items():
            if pattern.search(text):
                return str(self._nothing(why, path, text))
        raise TypeError(f"{self._named(path)}: a kind of text that no canary fits: {schema}")

    def _code(self, name: str, codes: list[str], path: tuple[str, ...]) -> Any:
        code = CODES.get(name)
        return self._nothing("a code from a list", path, code if code in codes else codes[0])

    def _new(self, kind: Kind, path: tuple[str, ...], category: str | None) -> str:
        use = APART.get(path[0], self.use) if self.use == "told" and len(path) == 1 else self.use
        return self.nursery.new(kind, use, self._named(path), category).core

    def _nothing(self, why: str, path: tuple[str, ...], value: Any) -> Any:
        self.nursery.mute.setdefault(why, set()).add(self._named(path))
        return value

    def _named(self, path: tuple[str, ...]) -> str:
        return f"{self.place}: {'.'.join(path)}"

    def _defined(self, reference: str) -> Mapping[str, Any]:
        node: Any = self.document
        for step in reference.removeprefix("#/").split("/"):
            node = node[step]
        assert isinstance(node, Mapping)
        return node
