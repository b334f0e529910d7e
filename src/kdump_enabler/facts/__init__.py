"""Facts: what the evidence means, still without any judgement."""
