"""Who may be allowed what: the two tables a lawyer reads, line by line as in the domain model.

They are upper bounds.  A directive only ever narrows them, and nothing outside them opens
under a release.  `kernel.consent.ceilings` compiles this text; it holds no rule of its own.
"""

# y may be granted · s only where the directive names it on its own line, never by a preset
# f only the fields listed · p only for a referral this agency sent or received · - closed under a release
# c only by a directive that starts when a conflict check came out clear; the check itself is a purpose of its own
NEED_PROFILE = """
| category | police | hotline | shelter | counselling | legal_aid | hospital | community_partner | coordination |
| identity | y | y | y | y | y | y | y | - |
| safe_contact | s | y | y | y | y | y | s | - |
| location | s | s | s | - | - | s | - | - |
| demographics | s | y | y | y | y | y | s | - |
| incident_summary | y | y | y | y | y | y | - | - |
| incident_narrative | s | s | s | s | y | s | - | - |
| alleged_offender | y | y | y | s | c | - | - | - |
| weapons_risk | y | y | y | y | s | y | - | - |
| risk_result | y | y | y | y | s | y | - | f band |
| risk_answers | s | s | s | s | - | s | - | - |
| children | s | y | y | s | y | s | s | f children_count |
| medical | s | s | s | s | s | y | - | - |
| mental_health | - | s | s | y | s | s | - | - |
| substance_use | - | s | s | y | s | s | - | - |
| order_terms | y | y | y | s | y | - | - | f status |
| order_service | y | y | y | s | y | - | - | f service_status |
| plan_summary | s | y | y | y | s | - | - | f next_review_on |
| plan_escape | s | s | s | - | - | - | - | - |
| plan_contacts | s | s | s | - | - | - | - | - |
| plan_locations | s | s | s | - | - | - | - | - |
| needs | s | y | y | y | y | y | y | - |
| immigration | - | s | s | - | y | - | - | - |
| financial | - | s | s | - | y | - | s | - |
| evidence | s | - | - | - | y | - | - | - |
| referral_status | p | p | p | p | p | p | p | y |
"""

# `category.field` is that field and no other of its category.
PURPOSES = """
| purpose | kinds | may carry |
| emergency_safety | police, hospital, hotline, shelter | identity, safe_contact, location, alleged_offender, \
weapons_risk, risk_result, children, medical, incident_summary, order_terms, order_service, plan_summary, \
plan_escape, plan_contacts, plan_locations |
| shelter | shelter, hotline | all but evidence |
| counselling | counselling, hospital | identity, safe_contact, demographics, incident_summary, \
incident_narrative, alleged_offender, weapons_risk, risk_result, risk_answers, children, medical, mental_health, \
substance_use, order_terms, order_service, plan_summary, needs, referral_status |
| medical_care | hospital | identity, safe_contact, location, demographics, incident_summary, \
incident_narrative, weapons_risk, risk_result, risk_answers, children, medical, mental_health, substance_use, \
needs, referral_status |
| advocacy | hotline, shelter, hospital, community_partner | all but evidence |
| legal_representation | legal_aid | all |
| order_enforcement | police | identity, safe_contact, location, alleged_offender, weapons_risk, \
risk_result, children, incident_summary, order_terms, order_service, plan_summary, needs |
| investigation | police | identity, safe_contact, demographics, incident_summary, incident_narrative, \
alleged_offender, weapons_risk, children, medical, order_terms, order_service, needs, evidence |
| compensation | legal_aid, hotline, shelter, community_partner | identity, safe_contact, incident_summary, \
medical, financial, needs, referral_status |
| case_conference | all but coordination | identity, incident_summary, weapons_risk, risk_result, \
children, order_terms, order_service, plan_summary, needs, referral_status |
| coordination | coordination | all |
| conflict_check | legal_aid | alleged_offender.offender_name |
| evaluation_aggregate | none | none |
"""

# What an emergency may open to any kind registered for emergency_safety, whatever that kind's column says.
EMERGENCY = """identity, safe_contact, location, weapons_risk, risk_result, order_terms, order_service, \
plan_contacts, medical.care_needed, medical.strangulation"""

# Never a shelter's address: a meeting place may be one, and so may any place a shelter itself recorded.
NOT_IN_AN_EMERGENCY = "location.meeting_place"
NOT_OF_A_SHELTER_IN_AN_EMERGENCY = "location"
