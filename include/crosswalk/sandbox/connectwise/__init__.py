"""ConnectWise, as its contract page has it."""
