"""The profile of `make unit`: no fixture of ours, no database, no broker, and twenty examples of each property."""

import hypothesis

hypothesis.settings.register_profile("unit", deadline=None, max_examples=20, derandomize=True)
hypothesis.settings.load_profile("unit")
