"""How an order's no is answered."""

from runtime.http import Refusals, refused_as
from services.law_enforcement_bridge import domain

REFUSALS: Refusals = {
    domain.OrderStepNotPossible: refused_as("not_possible"),
    domain.UnknownRespondent: refused_as("unknown_respondent"),
    domain.RespondentNeeded: refused_as("respondent_needed"),
    domain.RespondentRefNeeded: refused_as("respondent_ref_needed"),
    domain.NotYet: refused_as("in_the_future"),
}
