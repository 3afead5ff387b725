"""The profile of `make unit`: no fixture of ours, no database, no broker, and twenty examples of each property."""

import gc

import hypothesis

hypothesis.settings.register_profile("unit", deadline=None, max_examples=20, derandomize=True)
hypothesis.settings.load_profile("unit")

# What is collected stays until the end: to look through it as often as usual finds nothing, in a tenth of the time.
gc.set_threshold(100_000, 50, 100)
