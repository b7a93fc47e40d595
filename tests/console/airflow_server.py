"""Airflow's API server as tests import it: its settings come first, and its dependencies warn about each other when they are imported."""

# isort: off
import embedded_airflow  # noqa: F401

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from airflow.api_fastapi.app import create_app
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
    from fastapi import FastAPI
    from fastapi.testclient import TestClient
# isort: on

__all__ = ["FastAPI", "SimpleAuthManagerUser", "TestClient", "create_app"]
