"""What the survivor's words come to: pure, total, dated, and able to say why.

>>> from datetime import UTC, datetime
>>> from uuid import UUID
>>> from schemas import taxonomy
>>> from schemas.categories import DataCategory
>>> from schemas.codes import AgencyKind, Basis, DirectiveEffect, DirectiveState, Purpose
>>> hotline = Agency("bay-hotline", AgencyKind.HOTLINE, frozenset(), purposes_of(AgencyKind.HOTLINE))
>>> shelter = Agency("harbor-house", AgencyKind.SHELTER, frozenset(), purposes_of(AgencyKind.SHELTER))
>>> march, may = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC)
>>> release = Directive(
...     directive_ref=UUID(int=1), effect=DirectiveEffect.PERMIT, custodian="bay-hotline", recipient="harbor-house",
...     purpose=Purpose.SHELTER, categories=frozenset({DataCategory.NEEDS}), valid_from=march, valid_until=may,
...     state=DirectiveState.ACTIVE, basis=Basis.RELEASE, taxonomy_version=taxonomy.TAXONOMY_VERSION,
... )
>>> consent = compile_table([release], sv=7, participating=True)
>>> [decide(Request(shelter, hotline, Purpose.SHELTER, taxonomy.ALL), consent, at).reason for at in (march, may)]
[None, <Reason.ENDED: 'ended'>]
"""

from kernel.consent.ceilings import ceiling, emergency_ceiling, needs_own_line, purposes_of
from kernel.consent.decision import decide, mask
from kernel.consent.decision_types import Decision, Reason, Request
from kernel.consent.directive import Agency, Directive
from kernel.consent.explanation import CategoryVerdict, Outlook, as_if_signed, explain, preview
from kernel.consent.parser import UnreadableDirective, fields_given, fields_named
from kernel.consent.table import ConsentTable, compile_table

__all__ = [
    "Agency",
    "CategoryVerdict",
    "ConsentTable",
    "Decision",
    "Directive",
    "Outlook",
    "Reason",
    "Request",
    "UnreadableDirective",
    "as_if_signed",
    "ceiling",
    "compile_table",
    "decide",
    "emergency_ceiling",
    "explain",
    "fields_given",
    "fields_named",
    "mask",
    "needs_own_line",
    "preview",
    "purposes_of",
]
