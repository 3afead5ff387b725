"""How it is carried: the two doors and everything that moves, keeps or guards.

A service is wired of them in a few lines (`services/referrals/main.py`):

>>> from runtime.http import application, serve
>>> from runtime.settings import KeyringSettings, read
>>> from services.referrals.api import routes
>>> settings = read(KeyringSettings)  # from the environment
>>> serve(application(settings, routes), settings)
"""
