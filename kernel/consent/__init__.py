"""What the survivor's words come to: pure, total, dated, and able to say why."""

from kernel.consent.ceilings import ceiling, emergency_ceiling, needs_own_line, purposes_of
from kernel.consent.decision import decide, mask
from kernel.consent.decision_types import Decision, Reason, Request
from kernel.consent.derivation import covers, derived
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
    "covers",
    "decide",
    "derived",
    "emergency_ceiling",
    "explain",
    "fields_given",
    "fields_named",
    "mask",
    "needs_own_line",
    "preview",
    "purposes_of",
]
