"""Reports and charts as data, and their wording, before anything is printed or drawn.

`report.py` and `chart.py` are the data, `words.py` says counts, dates, shares and money, `causes.py` what days are
spent on, `names.py` the labels of a scenario, `colours.py` the colours of all pictures. The sentences of a question are
in its module.
"""
