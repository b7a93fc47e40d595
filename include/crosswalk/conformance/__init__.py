"""What every client of a system has to keep, as tests that are shipped: a system joins by a `conformance.py` in its folder."""
