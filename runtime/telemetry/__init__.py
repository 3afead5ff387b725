"""What operators may see: logs, spans and numbers made of declared words only.

>>> import logging
>>> from runtime.telemetry import log_fields
>>> log = logging.getLogger("runtime.example")
>>> log.warning("notice_deferred", extra=log_fields(agency="harbor-house", reason="no_window"))
"""

from runtime.telemetry.log_fields import log_fields as log_fields
