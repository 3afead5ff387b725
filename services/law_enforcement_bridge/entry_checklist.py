"""What a state's order file asks for before an order can be entered.  It lists; it sends nothing anywhere.

Of what was recorded only the names of fields are kept: what they say lies sealed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from schemas.codes import OrderExpiry

if TYPE_CHECKING:
    from schemas.facts.protective_order import OrderTermsBlock, Respondent
    from services.law_enforcement_bridge.domain import Order

# The ready-to-enter check of one state's system; a profile may know more.
OF_THE_ORDER: Final = ("court_ori", "docket_number", "order_type", "petitioner", "agency_ori", "agency_case_number")
DATES: Final = ("effective_on", "expires_on")
OF_A_RESPONDENT: Final = ("name", "sex", "race", "born_on", "height", "weight", "hair")


def entered_by(form: OrderTermsBlock) -> frozenset[str]:
    """Return which of the names that an order file asks for `form` has a value for."""
    named = {name for name in OF_THE_ORDER if getattr(form, name) is not None}
    if form.effective_on is not None or form.issued_on is not None:
        named.add("effective_on")
    if form.expires_on is not None or form.expiry is OrderExpiry.NONE:
        named.add("expires_on")
    return frozenset(named)


def entered_of(respondent: Respondent) -> frozenset[str]:
    """Return which of the names that an order file asks of a respondent are there."""
    return frozenset(name for name in OF_A_RESPONDENT if getattr(respondent, name) is not None)


def missing_to_enter(order: Order) -> tuple[str, ...]:
    """Return the names of the fields that the order, as recorded so far, lacks; never a value."""
    missing = [name for name in (*OF_THE_ORDER, *DATES) if name not in order.entered]
    if not any(line.entered for line in order.service):
        return (*missing, "respondents")
    for number, line in enumerate(order.service):
        missing += [f"respondents.{number}.{name}" for name in OF_A_RESPONDENT if name not in line.entered]
    return tuple(missing)
