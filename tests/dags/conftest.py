"""Airflow's settings come before its first import."""

import embedded_airflow  # noqa: F401
