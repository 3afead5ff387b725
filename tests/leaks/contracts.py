"""Every contract, full of canaries: sown from its published schema, and valid."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from schemas.facts import Fact
from schemas.publish import FOLDER
from schemas.registry import CONTRACTS
from tests.leaks.canaries import CanaryPool
from tests.leaks.canary_generator import Sower

# What must be so for a contract to be valid at all; everything else in it is sown.
FIXED: Final[Mapping[str, Any]] = {"cji_fields": []}
# Between whom a referral passes, so that both get their copies; once more without, and then they hold canaries too.
BETWEEN: Final[Mapping[str, Any]] = {"from_agency_ref": "bay-hotline", "to_agency_ref": "harbor-house"}


@dataclass(frozen=True)
class Sown:
    """A fact to say: its type, and its content as JSON, without the case that it belongs to."""

    type: str
    content: dict[str, Any]

    def fact(self, case_ref: str) -> Fact:
        """Return the fact itself; raises what the contract refuses."""
        return CONTRACTS[self.type].model_validate_json(json.dumps({**self.content, "case_ref": case_ref}))


def sown_contracts(nursery: CanaryPool, *, use: str = "told") -> list[Sown]:
    """Return each contract with a canary in every field that can hold one."""
    return [sown for type_name in CONTRACTS for sown in _sown(type_name, nursery, use)]


def _sown(type_name: str, nursery: CanaryPool, use: str) -> Iterator[Sown]:
    document = json.loads((FOLDER / f"{type_name}.json").read_text())
    variants: list[Mapping[str, Any]] = [{}]
    if "from_agency_ref" in document["properties"]:
        variants.append(BETWEEN)
    for variant in variants:
        fixed = {**FIXED, **variant, "case_ref": "00000000-0000-4000-8000-000000000000"}
        content = Sower(document, nursery, use, type_name, fixed).sow()
        sown = Sown(type_name, {name: value for name, value in content.items() if name != "case_ref"})
        sown.fact(fixed["case_ref"])
        yield sown
