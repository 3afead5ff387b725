"""What a state's order file asks for before an order can be entered.  It lists; it sends nothing anywhere."""

from __future__ import annotations

from typing import Final

from schemas.codes import OrderExpiry
from services.law_enforcement_bridge.forms import Terms

# Domain.md section 14: the ready-to-enter check of one state's system; a profile may know more.
OF_THE_ORDER: Final = ("court_ori", "docket_number", "order_type", "petitioner", "agency_ori", "agency_case_number")
OF_A_RESPONDENT: Final = ("name", "sex", "race", "born_on", "height", "weight", "hair")


def missing_to_enter(form: Terms) -> tuple[str, ...]:
    """Return the names of what is missing, never a value."""
    missing = [name for name in OF_THE_ORDER if getattr(form, name) is None]
    if form.effective_on is None and form.issued_on is None:
        missing.append("effective_on")
    if form.expires_on is None and form.expiry is not OrderExpiry.NONE:
        missing.append("expires_on")
    if not form.respondents:
        missing.append("respondents")
    for number, respondent in enumerate(form.respondents or ()):
        missing += [f"respondents.{number}.{name}" for name in OF_A_RESPONDENT if getattr(respondent, name) is None]
    return tuple(missing)
