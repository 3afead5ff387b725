"""The record: leaves that commit with their effect, the sequencer, the signed heads.

>>> from kernel.ledger.verify import verify_log
>>> from runtime.ledger import snapshot
>>> def check(url: str, vkey: str) -> list[str]:
...     with snapshot.reading(url) as log:
...         findings = verify_log(log.entries(), log.checkpoints(), vkey)
...         return [str(finding) for finding in [*findings, *log.stored_state_findings(vkey)]]
"""
