"""Reading mailboxes: one guarded Faust agent for every service, and one effect a message."""

from runtime.faults import TryAgain
from runtime.worker.effects import Effect, EffectOnAll, EffectOnMany, NoAgency
from runtime.worker.offered import Offered
from runtime.worker.state import Died
from runtime.worker.worker import Worker

__all__ = ["Died", "Effect", "EffectOnAll", "EffectOnMany", "NoAgency", "Offered", "TryAgain", "Worker"]
