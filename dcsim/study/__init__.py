"""The questions: a module for each, with the function that answers it, its tables, report and charts.

`result.py` lists them in `QUESTIONS` and has the `Result` that all return; `store.py` keeps results in folders and
reads them; `replicate.py` runs replications.
"""
