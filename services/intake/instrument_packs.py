"""Risk instruments, read from packs: one TOML file a version, ours beside this module, others from a folder outside.

A licensed instrument's wording is never in the tree: its licensor's permission comes with the pack, and the pack is
refused where its words are not those that were permitted.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from importlib import resources
from pathlib import Path
from typing import Annotated, Final, Self

from pydantic import Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError, to_json

from schemas.codes import Band
from schemas.strict_model import StrictModel
from schemas.values import Slug, Text300
from services.intake.domain.instruments import ItemKind, RiskInstrument, RiskItem, RiskRule, RuleKind

OURS: Final = "Accord"
MOST_BYTES: Final = 256 * 1024
MOST_ITEMS: Final = 200

Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Z]{2})?$")]
Key = tuple[str, str]  # instrument_id, version


class InstrumentPackRefused(ValueError):
    """A pack does not load; the text names the file and the flaw, and quotes no wording."""


class PackItem(StrictModel):
    """One item of a pack, with its words in each language."""

    code: Slug
    group: Slug
    kind: ItemKind
    choices: Annotated[tuple[Slug, ...], Field(max_length=50)] = ()
    wording: Mapping[Language, Text300]

    @model_validator(mode="after")
    def _has_choices_where_one_is_chosen(self) -> Self:
        if (self.kind is ItemKind.CHOICE) != bool(self.choices):
            raise PydanticCustomError("choices", "choices belong to an item of kind choice, and to no other")
        return self


class PackRule(StrictModel):
    """One rule of a pack."""

    kind: RuleKind
    band: Band
    group: Slug | None = None
    items: Annotated[tuple[Slug, ...], Field(max_length=MOST_ITEMS)] = ()
    at_least: Annotated[int, Field(ge=1, le=100_000)] = 1
    weights: Mapping[Slug, Annotated[int, Field(ge=-1_000, le=1_000)]] = {}
    within_days: Annotated[int, Field(ge=1, le=3_660)] = 365


class InstrumentPack(StrictModel):
    """A pack as it is written; whatever cannot be computed from it is refused here."""

    instrument_id: Slug
    version: Slug
    licensor: Text300
    licence: Text300
    permission_ref: Text300 | None = None
    languages: Annotated[list[Language], Field(min_length=1, max_length=50)]
    bands: Annotated[list[Band], Field(min_length=2, max_length=6)]
    items: Annotated[list[PackItem], Field(min_length=1, max_length=MOST_ITEMS)]
    rules: Annotated[list[PackRule], Field(min_length=1, max_length=100)]
    least_answered: Annotated[int, Field(ge=0)] = 0
    validated: bool = True
    certification_required: bool = False
    result_valid_days: Annotated[int, Field(ge=1, le=366)] = 90
    wording_digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]

    @model_validator(mode="after")
    def _check_whole(self) -> Self:
        for flaw, present in _flaws(self):
            if present:
                raise PydanticCustomError("pack", "{flaw}", {"flaw": flaw})
        return self

    def instrument(self) -> RiskInstrument:
        """Return the instrument that the pack describes."""
        return RiskInstrument(
            instrument_id=self.instrument_id,
            version=self.version,
            items=tuple(RiskItem(i.code, i.group, i.kind, i.choices, dict(i.wording)) for i in self.items),
            rules=tuple(
                RiskRule(r.kind, r.band, r.group, r.items, r.at_least, dict(r.weights), r.within_days)
                for r in self.rules
            ),
            bands=tuple(self.bands),
            least_answered=self.least_answered,
            validated=self.validated,
            certification_required=self.certification_required,
            result_valid_for=timedelta(days=self.result_valid_days),
            licensor=self.licensor,
            licence=self.licence,
            languages=tuple(self.languages),
        )


def wording_digest(items: Iterable[PackItem]) -> str:
    """Return the SHA-256, in hexadecimal, of codes and words as JSON with sorted keys: what a permission is for."""
    words = [[item.code, sorted(item.wording.items()), item.choices] for item in items]
    return hashlib.sha256(to_json(words)).hexdigest()


def read_pack(text: str) -> RiskInstrument:
    """Return the instrument of a pack; raises `InstrumentPackRefused`."""
    try:
        return InstrumentPack.model_validate(tomllib.loads(text)).instrument()
    except tomllib.TOMLDecodeError as error:
        raise InstrumentPackRefused(f"not TOML: {error}") from None
    except ValidationError as error:
        flaws = [f"{'.'.join(map(str, flaw['loc'])) or 'pack'}: {flaw['msg']}" for flaw in error.errors()]
        raise InstrumentPackRefused("; ".join(flaws)) from None


def read_instruments(folder: Path | None) -> dict[Key, RiskInstrument]:
    """Return our own instruments and those of `*.toml` in the folder, by id and version.

    Raises `InstrumentPackRefused` for a pack that does not load and for a version that is there twice: a process that
    left one out in silence would let somebody believe it is asked.
    """
    instruments: dict[Key, RiskInstrument] = {}
    for name, body in [*_own_packs(), *_packs_in(folder)]:
        try:
            instrument = read_pack(body.decode())
        except (InstrumentPackRefused, UnicodeDecodeError) as error:
            raise InstrumentPackRefused(f"{name}: {error}") from None
        key = instrument.instrument_id, instrument.version
        if key in instruments:
            raise InstrumentPackRefused(f"{name}: {key[0]} {key[1]} is there twice")
        instruments[key] = instrument
    return instruments


def _own_packs() -> Iterator[tuple[str, bytes]]:
    for file in sorted(resources.files("services.intake.instruments").iterdir(), key=lambda file: file.name):
        if file.name.endswith(".toml"):
            yield file.name, file.read_bytes()


def _packs_in(folder: Path | None) -> Iterator[tuple[str, bytes]]:
    if folder is None:
        return
    if not folder.is_dir():
        raise InstrumentPackRefused(f"{folder}: no folder of packs")
    for file in sorted(folder.glob("*.toml")):
        if file.stat().st_size > MOST_BYTES:
            raise InstrumentPackRefused(f"{file.name}: more than {MOST_BYTES} bytes")
        yield file.name, file.read_bytes()


def _flaws(pack: InstrumentPack) -> Iterator[tuple[str, bool]]:
    """Yield what a pack may not be, and whether it is that."""
    codes = [item.code for item in pack.items]
    languages = set(pack.languages)
    yield "a licensed instrument needs permission_ref", pack.licensor != OURS and pack.permission_ref is None
    yield "an item code is there twice", len(set(codes)) != len(codes)
    yield "a band is there twice", len(set(pack.bands)) != len(pack.bands)
    yield "incomplete is no band of an instrument", Band.INCOMPLETE in pack.bands
    yield "each item has words in each language, and in no other", any(set(i.wording) != languages for i in pack.items)
    yield "least_answered is more than there are items", pack.least_answered > len(codes)
    yield "the words are not those of wording_digest", wording_digest(pack.items) != pack.wording_digest
    for number, rule in enumerate(pack.rules):
        yield f"rule {number} cannot be computed", not _computable(pack, rule)


def _computable(pack: InstrumentPack, rule: PackRule) -> bool:
    kinds = {item.code: item.kind for item in pack.items}
    of_group = {item.code for item in pack.items if item.group == rule.group}
    looked_at = of_group | set(rule.items)
    if rule.band not in pack.bands or not looked_at | rule.weights.keys() <= kinds.keys():
        return False
    if rule.group is not None and not of_group:
        return False
    match rule.kind:
        case RuleKind.ANY_OF:
            counts = bool(looked_at) and rule.at_least == 1 and not rule.weights
            return counts and all(kinds[code] is ItemKind.YES_NO for code in looked_at)
        case RuleKind.AT_LEAST_N_OF:
            counts = rule.at_least <= len(looked_at) and not rule.weights
            return counts and all(kinds[code] is ItemKind.YES_NO for code in looked_at)
        case RuleKind.WEIGHTED_SUM:
            return bool(rule.weights) and not looked_at and all(kinds[c] is not ItemKind.CHOICE for c in rule.weights)
        case RuleKind.BELIEF | RuleKind.ESCALATION:
            return not looked_at and not rule.weights


OWN_INSTRUMENTS: Final[Mapping[Key, RiskInstrument]] = read_instruments(None)
