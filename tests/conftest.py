"""What holds for all tests."""

from hypothesis import settings

# A test fails by what it sees, never by how long a busy machine took for one example.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")
