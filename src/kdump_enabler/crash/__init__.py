"""Crashes and other trouble that is made on purpose: what is asked before, expected, and found afterwards."""
