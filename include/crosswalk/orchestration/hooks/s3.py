"""S3 behind an Airflow connection of type aws, for connections whose files may be in a bucket."""

from __future__ import annotations

from typing import Any


def s3_client(url: str, aws_conn_id: str | None) -> Any:
    """Return boto3's client for an s3:// address; None for any other address."""
    if not url.startswith("s3://"):
        return None
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

    return S3Hook(aws_conn_id=aws_conn_id or None).get_conn()
