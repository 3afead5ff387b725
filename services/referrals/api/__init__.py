"""Referrals over HTTP: the sender sends, follows and calls back; the receiver checks and answers, while it may."""

from services.referrals.api import conflict_routes, read_routes, receiver_routes, sender_routes, statistics_routes

routes = (
    sender_routes.routes,
    read_routes.routes,
    conflict_routes.routes,
    receiver_routes.routes,
    statistics_routes.routes,
)
