"""Tables made from traces and other tables: dates, waits, usage, quantiles. Nothing here runs an engine or draws."""
