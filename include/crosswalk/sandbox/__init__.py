"""The vendors, locally: one server that keeps the declared contracts, with state to look at and faults on request.

Shares no code with the clients, or a misreading of a contract would agree with itself.
"""
