"""Reports: what happened in one run, as one HTML page, as JSON and as CSV. They are kept, so they hold no personal data in clear."""
