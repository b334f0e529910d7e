"""The system tier: real machines that really crash (root and QEMU; what is missing is a failure)."""
