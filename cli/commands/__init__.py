"""The commands, one module a subject."""

from cli.commands import agencies, database, ledger, lifecycle, parked, tokens

ALL = (lifecycle.add, tokens.add, agencies.add, database.add, parked.add, ledger.add)
