"""The record: leaves that commit with their effect, the sequencer, the signed heads."""
