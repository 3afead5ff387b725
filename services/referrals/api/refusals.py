"""How a referral's no is answered."""

from runtime.http import Refusals, refused_as
from services.referrals import domain

REFUSALS: Refusals = {
    domain.NotOpen: refused_as("not_open"),
    domain.AssignedMeanwhile: refused_as("assigned_meanwhile"),
    domain.NotSent: refused_as("not_sent"),
    domain.SelfReferral: refused_as("to_itself"),
}
