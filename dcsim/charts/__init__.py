"""Charts as pictures: matplotlib draws them for files and notebooks, plotly.js for pages."""
