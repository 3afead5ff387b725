"""Items of evidence: references to what the custodian holds, never the thing itself."""

from schemas.categories import Evidence
from schemas.codes import EvidenceKind, EvidenceState, Origin
from schemas.facts.categorised import Categorised
from schemas.strict_model import NestedModel
from schemas.values import Bytes, Flag, Instant, Items, PersonRef, Ref, Text200, Text2000


class CustodyStep(NestedModel):
    """An item passed from one person to another, both named."""

    at: Instant
    from_person_ref: PersonRef | None = None
    to_person_ref: PersonRef | None = None
    reason: Text200 | None = None
    digest_checked: Flag | None = None


class EvidenceEntry(NestedModel):
    """What a person says of an item when recording it; a digest identifies, so it is inside the category."""

    kind: EvidenceKind
    captured_at: Instant | None = None
    source: Origin | None = None
    media_type: Text200 | None = None
    size: Bytes | None = None
    content_digest: Text200 | None = None
    description: Text2000 | None = None
    hold: Flag = False


class EvidenceItem(EvidenceEntry):
    """An item as the custodian holds it."""

    evidence_ref: Ref
    recorded_at: Instant
    state: EvidenceState = EvidenceState.RECORDED
    custody: Items[CustodyStep] = ()


class EvidenceList(Categorised):
    """The items that belong to a fact; the custodian's record sets them, no form does."""

    evidence: Evidence[Items[EvidenceItem] | None] = None
