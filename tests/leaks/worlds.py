"""Two worlds in one town, told alike but for what is hidden from an agency.

Every world has agencies and people of its own, so that whatever an agency can list or count is of its world.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Any

import httpx

from cli import town as places
from cli.enrolment import take_in_agency, take_in_person
from cli.member import Member
from cli.tokens import system_token
from devstack import stack
from devstack.seed_data import an_agency
from devstack.story.speaker import Speaker
from devstack.story.words import EXPLAINED, in_days, now
from schemas.codes import AgencyKind
from tests.support.fault_injection import superuser
from tests.support.second_person import confirmed
from tests.support.waits import PATIENCE

CAST = {
    "hotline": (AgencyKind.HOTLINE, "ana", "advocate"),
    "shelter": (AgencyKind.SHELTER, "sam", "case_worker"),
    "police": (AgencyKind.POLICE, "lee", "liaison"),
    "legal": (AgencyKind.LEGAL_AID, "jude", "attorney"),
    "cell": (AgencyKind.COORDINATION, "cora", "coordinator"),
}
PURPOSES = {
    "shelter": ("shelter", "advocacy"),
    "police": ("order_enforcement", "investigation"),
    "cell": ("coordination",),
}
INCIDENT: dict[str, Any] = {"channel": "hotline", "given_name": "Marisol", "needs": ["shelter"], "children_count": 2}
# What no release of either world opens to the shelter, the police or the cell.
HIDDEN: dict[str, Any] = {
    "narrative": "He waited outside. " * 120,
    "injuries": "a broken wrist",
    "strangulation": "yes",
    "offender_name": "R. Calder",
    "place": {"line_1": "12 Low Road", "city": "Fairview"},
    "weapon_involved": "yes",
    "weapon_kinds": ["blade"],
}
ON_ITS_WAY = """
SELECT count(*) FROM carrying.offer AS o JOIN register."case" AS c USING (subject_id)
WHERE c.case_ref = %s AND (o.state = 'offered'
    OR o.state = 'relayed' AND NOT EXISTS (SELECT FROM exchange.message AS m WHERE m.message_ref = o.message_ref))
"""


@dataclass
class World:
    """One survivor, five agencies, and what they do; `richer` is the world in which there is more to hide."""

    started: stack.Stack
    client: httpx.Client
    richer: bool
    mark: str = field(default_factory=lambda: token_hex(4))
    speakers: dict[str, Speaker] = field(default_factory=dict)
    case_ref: str = ""

    def agency(self, role: str) -> str:
        """Return the id of this world's agency of a role."""
        return f"{role}-{self.mark}"

    def asker(self, role: str, name: str) -> Speaker:
        """Return the person of a role, or its agency's system."""
        person = self.speakers[role]
        if name == role:
            return person
        token = system_token(self.started.town, self.agency(role))
        return Speaker(self.started.town, person.person, "", self.client, token)

    def settle(self) -> None:
        """Take the agencies and their people into the town."""
        for role, (kind, person, post) in CAST.items():
            take_in_agency(self.started.run, an_agency(self.agency(role), role.title(), kind))
            take_in_person(self.started.run, Member(f"{person}-{self.mark}", self.agency(role), person, (post,)))
        take_in_person(self.started.run, Member(f"mia-{self.mark}", self.agency("hotline"), "mia", ("advocate",)))
        self.started.town = places.read(self.started.run.folder)
        for role, (_, person, _) in CAST.items():
            self.speakers[role] = Speaker(self.started.town, f"{person}-{self.mark}", "", self.client)
        self.speakers["second"] = Speaker(self.started.town, f"mia-{self.mark}", "", self.client)

    def tell(self) -> None:
        """Tell the story; the richer world has more of it, and none of that is open to those who are looked at."""
        ana = self.speakers["hotline"]
        self.case_ref = ana.does("intake", "POST", "/v1/cases", {})["case_ref"]
        chosen = {"participation": "yes", "evidence": self._explained()}
        ana.does("consent", "PUT", f"/v1/cases/{self.case_ref}/participation", chosen)
        self._permit("shelter", "shelter", ["needs", "children", "referral_status"])
        self._permit("police", "order_enforcement", ["identity"])
        self._permit("cell", "coordination", ["referral_status"], only_fields=["referral_status.service_code"])
        self._permit("legal", "legal_representation", ["referral_status"])
        if self.richer:
            self._hide_more()
        more = HIDDEN if self.richer else {}
        incident = ana.does("intake", "POST", f"/v1/cases/{self.case_ref}/incidents", INCIDENT | more)
        path = f"/v1/cases/{self.case_ref}/incidents/{incident['incident_ref']}/versions"
        ana.does("intake", "POST", path, INCIDENT | {"children_count": 3} | more)
        self._refer("shelter", "shelter", more)
        self._refer("legal", "legal_representation", more)
        if self.richer:
            self._answer_out_of_sight()
        ana.does("intake", "POST", f"/v1/cases/{self.case_ref}/incidents", INCIDENT | {"children_count": 4} | more)
        self._settled()

    def _hide_more(self) -> None:
        """Add facts and provisions of which those who are looked at must not see a trace."""
        ana = self.speakers["hotline"]
        plan = {"threat_type": "intimate_partner", "goals": ["A safe bed"], "escape_code_word": "lemon tea"}
        ana.does("intake", "POST", f"/v1/cases/{self.case_ref}/plans", plan)
        hidden = {"narrative": "He called again.", "offender_name": "R. Calder"}
        ana.does("intake", "POST", f"/v1/cases/{self.case_ref}/incidents", hidden)
        self._permit("legal", "conflict_check", ["alleged_offender"], only_fields=["alleged_offender.offender_name"])
        for denial in (
            {"recipient": self.agency("police"), "categories": ["medical"]},
            {"recipient": self.agency("shelter"), "categories": ["incident_narrative"]},
            {"excluded_person_ref": f"jude-{self.mark}", "excluded_agency_ref": self.agency("legal")},
        ):
            directive = ana.does(
                "consent", "POST", f"/v1/cases/{self.case_ref}/directives", {"effect": "deny"} | denial
            )
            if "excluded_person_ref" in denial:
                lifted = self._explained() | {"signed_at": now(), "signer_role": "survivor"}
                path = f"/v1/directives/{directive['directive_ref']}/lifting"
                waiting = ana.does("consent", "POST", path, lifted, If_Match=directive["etag"])
                confirmed(waiting, self.speakers["second"])

    def _answer_out_of_sight(self) -> None:
        """Let legal aid accept, which is between it and the hotline."""
        jude = self.speakers["legal"]
        deadline = time.monotonic() + PATIENCE
        while True:
            referrals = jude.does("referrals", "GET", "/v1/referrals?direction=received")["referrals"]
            if referrals:
                break
            assert time.monotonic() < deadline, "the referral did not come"
        path = f"/v1/referrals/{referrals[0]['referral_ref']}/acceptance"
        jude.does("referrals", "POST", path, {"advocate_name": "Jude"}, If_Match=f'"{referrals[0]["version"]}"')

    def _refer(self, role: str, purpose: str, more: Mapping[str, Any]) -> None:
        referral = {"case_ref": self.case_ref, "to_agency_ref": self.agency(role), "mode": "live", "purpose": purpose}
        body = referral | {"service_code": "shelter", "priority": "urgent"}
        self.speakers["hotline"].does("referrals", "POST", "/v1/referrals", body | dict(more))

    def _permit(self, role: str, purpose: str, categories: list[str], **more: Any) -> None:
        ana = self.speakers["hotline"]
        provision = {"effect": "permit", "recipient": self.agency(role), "purpose": purpose, "categories": categories}
        provision |= {"valid_until": in_days(5)} | more
        draft = ana.does("consent", "POST", f"/v1/cases/{self.case_ref}/directives", provision)
        signature = self._explained() | {"signed_at": now(), "signer_role": "survivor"}
        path = f"/v1/directives/{draft['directive_ref']}/signature"
        confirmed(ana.does("consent", "POST", path, signature, If_Match=draft["etag"]), self.speakers["second"])

    def _explained(self) -> dict[str, Any]:
        return EXPLAINED | {"explained_by": f"ana-{self.mark}"}

    def _settled(self) -> None:
        deadline = time.monotonic() + PATIENCE
        with superuser(self.started) as connection:
            while connection.execute(ON_ITS_WAY, [self.case_ref]).fetchone() != (0,):
                assert time.monotonic() < deadline, "the messages did not arrive"
                time.sleep(0.05)
