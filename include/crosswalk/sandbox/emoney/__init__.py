"""eMoney, after systems/emoney/README.md."""
