"""Validation: the spec's expectations over one landed entity, by Great Expectations, which is imported only when rules run."""
