"""Reading mailboxes: one guarded Faust agent for every service, and one effect a message."""

from runtime.error_kinds import TryAgain
from runtime.messaging.consumer.handlers import Effect, EffectOnAll, EffectOnMany, NoAgency
from runtime.messaging.consumer.health import Died
from runtime.messaging.consumer.message import Offered
from runtime.messaging.consumer.worker import Worker

__all__ = ["Died", "Effect", "EffectOnAll", "EffectOnMany", "NoAgency", "Offered", "TryAgain", "Worker"]
