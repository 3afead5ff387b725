"""The parking lot: what could not be handled waits here, sealed as it came, until a person decides."""

from runtime.parking.lot import Parked, Reason, Received, ask_again, asked_again, park, resolve, take, tried

__all__ = ["Parked", "Reason", "Received", "ask_again", "asked_again", "park", "resolve", "take", "tried"]
