"""What operators may see: logs, spans and numbers made of declared words only."""

from runtime.telemetry.facts import facts as facts
