"""Crosswalk keeps CRM records in step with the systems advisors, agencies and channel marketers work in."""

__version__ = "0.1.0"
