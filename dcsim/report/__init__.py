"""Renderers: a report on the terminal, as a page, as Markdown, as a workbook; the player of a run; export to tools.

`words.py` describes a scenario for `dcsim show`. Nothing here runs an engine.
"""
