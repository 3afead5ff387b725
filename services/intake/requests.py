"""What staff send to intake: blocks of the contracts. Every personal field may be left out."""

from schemas.categories import Local
from schemas.codes import Channel, IncidentChange
from schemas.facts.incident import IncidentBlock
from schemas.facts.safety_plan import PlanBlock
from schemas.facts.survivor import SurvivorBlock
from schemas.strict_model import StrictModel
from schemas.values import Flag, Items


class CaseForm(StrictModel):
    """A case to open; it needs nobody's name, and nothing else."""

    channel: Channel | None = None


class IncidentForm(SurvivorBlock, IncidentBlock):
    """An incident as somebody told it."""


class IncidentVersionForm(IncidentForm):
    """The incident as it is known now, whole; `changed` says what kind of change it is."""

    changed: Local[Items[IncidentChange]] = (IncidentChange.CORRECTION,)


class PlanForm(PlanBlock):
    """The safety plan as it is now, whole; `closed` ends it."""

    closed: Local[Flag] = False
