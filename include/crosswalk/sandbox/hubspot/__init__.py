"""HubSpot, after systems/hubspot/README.md."""
