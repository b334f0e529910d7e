"""Recorded machines: evidence.json as the probe printed it, expected.json as the facts and kernel rules say."""
