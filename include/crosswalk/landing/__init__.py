"""The landing zone: what was read and worked out, as files, on a local folder or on S3. The one place with personal data."""
