"""Unit and property tests: no host, no network."""
