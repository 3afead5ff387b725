"""Referrals over HTTP: the sender sends, follows and calls back; the receiver checks and answers, while it may."""

from services.referrals.api import answering, checking, reading, sending

routes = (sending.routes, reading.routes, checking.routes, answering.routes)
