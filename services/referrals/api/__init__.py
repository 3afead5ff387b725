"""Referrals over HTTP: the sender sends, follows and calls back; the receiver checks, assigns and answers."""

from services.referrals.api import (
    assignment_routes,
    conflict_routes,
    read_routes,
    receiver_routes,
    sender_routes,
    statistics_routes,
)

routes = (
    sender_routes.routes,
    assignment_routes.routes,  # before the reads: `/workload` would be read as a reference
    read_routes.routes,
    conflict_routes.routes,
    receiver_routes.routes,
    statistics_routes.routes,
)
