"""The colours of every picture and page by name, on white and on black.

They are those of Okabe and Ito (2008), which the colour-blind tell apart, and greys.
"""

LIGHT = {
    "paper": "#ffffff",
    "panel": "#f5f6f7",
    "ink": "#222222",
    "soft": "#5c6167",
    "grey": "#777777",
    "line": "#DDDDDD",
    "blue": "#0072B2",
    "navy": "#004A73",
    "sky": "#56B4E9",
    "orange": "#E69F00",
    "green": "#009E73",
    "red": "#D55E00",
    "purple": "#CC79A7",
    "yellow": "#F0E442",
}
DARK = LIGHT | {
    "paper": "#15181b",
    "panel": "#1d2125",
    "ink": "#e9e7e4",
    "soft": "#a6abb1",
    "grey": "#8d9399",
    "line": "#363b41",
    "blue": "#56B4E9",
    "navy": "#8fb8d6",
    "sky": "#2f86bd",
}
"""Lighter blues where the paper is dark."""

PARTS = (
    ("blue", ""),
    ("orange", ""),
    ("green", "///"),
    ("sky", "\\\\\\"),
    ("red", ""),
    ("yellow", "..."),
    ("purple", "xxx"),
    ("ink", ""),
)
"""Colour and hatch of the first, second, ... part of a whole; they differ in grey as well."""
REST = "line"
"""The colour of everything that is too small for a colour of its own."""
LINES = (("blue", "solid"), ("orange", "dash"), ("green", "dashdot"), ("purple", "dot"), ("sky", "solid"))
"""Colour and dash of the first, second, ... line of a chart; they differ in grey as well."""
PROGRESS = ("line", "yellow", "orange", "blue")
"""Of a place that is not ready, waits, is at work, and is done: the paler the less is done; they differ in grey, too.
"""
