"""The answers: tables in, tables out. Nothing here runs an engine or draws a picture."""
