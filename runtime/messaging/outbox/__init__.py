"""What waits to be sent. Only the offering door puts; only the relay takes.

>>> from runtime.database.engine import engine
>>> from runtime.http.background_process import run_with_health
>>> from runtime.messaging.outbox.relay import Relay
>>> from runtime.settings import BrokerSettings, read
>>> settings = read(BrokerSettings)
>>> relay = Relay(settings, engine(settings.database, service=settings.service))
>>> run_with_health(settings, relay.run, relay.stop, relay.state.missing)
"""
