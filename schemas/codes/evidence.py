"""Codes of an item of evidence."""

from enum import StrEnum


class EvidenceKind(StrEnum):
    """What an item is."""

    PHOTO = "photo"
    AUDIO = "audio"
    VIDEO = "video"
    MESSAGE_EXPORT = "message_export"
    DOCUMENT = "document"
    MEDICAL_RECORD = "medical_record"
    OBJECT = "object"


class EvidenceState(StrEnum):
    """Where an item stands."""

    RECORDED = "recorded"
    SEALED = "sealed"
    RETURNED = "returned"
    DESTROYED = "destroyed"
