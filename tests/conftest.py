"""What holds for all tests."""

from hypothesis import settings

# A test fails by what it sees, never by how long a busy machine took for one example.
settings.register_profile("searching", deadline=None)
# The gate tries the same examples each time; others are looked for in the long tier (tests/system/test_properties.py).
settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.load_profile("repeatable")
