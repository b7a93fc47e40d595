"""Which target records may be a source record, ranked and explained; nothing is linked here.

Data flow: frames in target shape → keys (normal forms) → pairs that share a key → evidence → score, rank, reasons.
Pure: no clock, no randomness, no input changed; the order of the rows means nothing.
"""
