"""Charts as pictures: matplotlib draws them for files and notebooks, plotly.js for pages.

A picture of a question is a function in the module of the question, which returns a `Chart` (`dcsim.document.chart`),
and a line in `CHARTS` there. A new kind of mark is drawn in `pictures.py` and in `plotly.py`.
"""
