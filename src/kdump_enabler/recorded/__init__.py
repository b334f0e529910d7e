"""Hosts that were seen elsewhere or earlier: kept evidence, archives of support tools, file trees."""
