"""Pictures that are no charts: maps of the site, and the animation of a run. Nothing here runs an engine."""
