"""Runs of the playbooks over the hosts of an inventory."""
