"""The pictures: tables in, figures out. Nothing here runs an engine."""
