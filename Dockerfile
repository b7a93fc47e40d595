# One image for every Airflow service: the package is installed in all of them, so its connection types and the console are there too.
FROM apache/airflow:3.3.2-python3.11

USER root
RUN install -d -o airflow -g 0 -m 0750 /opt/crosswalk/landing /opt/crosswalk/auth
USER airflow
WORKDIR /opt/airflow

COPY --chown=airflow:0 requirements.lock pyproject.toml README.md ./
RUN pip install --no-cache-dir --require-hashes -r requirements.lock

COPY --chown=airflow:0 include include
# Editable: the accounts file stays where people edit it, beside the package.
RUN pip install --no-cache-dir --no-deps --no-build-isolation -e .

COPY --chown=airflow:0 dags dags
COPY --chown=airflow:0 plugins plugins
