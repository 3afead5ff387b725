"""Reading mailboxes: one guarded Faust agent for every service, and one effect a message.

>>> from runtime.database.engine import engine, sessions
>>> from runtime.keyring import keyring_from
>>> from runtime.messaging.consumer import Worker
>>> from runtime.settings import Settings, read
>>> from schemas.facts import ReferralAccepted
>>> settings = read(Settings)
>>> worker = Worker(
...     settings, consumer="exchange", sessions=sessions(engine(settings.database)), keys=keyring_from(settings)
... )
>>> async def on_accepted(unit, message):
...     print(message.type, message.case_ref)  # routing is open; the rest stays sealed
>>> worker.on(ReferralAccepted, on_accepted)
>>> await worker.run()
"""

from runtime.error_kinds import DependencyUnavailable
from runtime.messaging.consumer.handlers import BatchHandler, Handler, MailboxBatchHandler, NoAgency
from runtime.messaging.consumer.health import ConsumerStopped
from runtime.messaging.consumer.message import SealedMessage
from runtime.messaging.consumer.worker import Worker

__all__ = [
    "BatchHandler",
    "ConsumerStopped",
    "DependencyUnavailable",
    "Handler",
    "MailboxBatchHandler",
    "NoAgency",
    "SealedMessage",
    "Worker",
]
