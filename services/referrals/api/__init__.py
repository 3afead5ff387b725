"""Referrals over HTTP: the sender sends, follows and calls back; the receiver answers, while it may."""

from services.referrals.api import answering, reading, sending

routes = (sending.routes, reading.routes, answering.routes)
