"""Reading mailboxes: one guarded Faust agent for every service, and one effect a message."""

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
