"""FMG, after systems/fmg/README.md."""
