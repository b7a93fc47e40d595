"""Our own database: what was bound, run, leased, delivered, rejected and decided. Never Airflow's, never a person's data."""
