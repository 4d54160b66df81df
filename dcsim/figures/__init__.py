"""The pictures: each draws a table on the axes it is given, in one style. Nothing here runs an engine."""
