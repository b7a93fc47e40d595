"""Activities of the target become notes in the source: collect, then write. They know no scheduler."""
