"""Property tests are the same in every run of CI; who looks for more changes the profile."""

from hypothesis import settings

settings.register_profile("ci", derandomize=True, deadline=None, database=None, max_examples=150)
settings.load_profile("ci")
