"""The five steps of a run: extract, validate, transform, approve, load.

They know no scheduler: Airflow, the benchmarks and the tests call them.
"""
