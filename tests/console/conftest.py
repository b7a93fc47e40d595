"""Airflow's settings come before its first import; its own dependencies warn about each other when they are imported."""

import warnings

import embedded_airflow  # noqa: F401

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import airflow.api_fastapi.app  # noqa: F401
