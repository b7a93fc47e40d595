"""What the sandbox's CRMs share: tables of records, invented people, and the control routes to both."""
