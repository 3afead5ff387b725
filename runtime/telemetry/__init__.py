"""What operators may see: logs, spans and numbers made of declared words only."""

from runtime.telemetry.log_fields import log_fields as log_fields
