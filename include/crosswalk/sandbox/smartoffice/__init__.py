"""SmartOffice's XML Engine, after systems/smartoffice/README.md."""
