"""Settings of every test."""

from hypothesis import settings

# A slow moment of a busy machine is no bug, so no test case has a deadline of its own.
settings.register_profile("shared machine", deadline=None)
settings.load_profile("shared machine")
