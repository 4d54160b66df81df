"""The door: a scenario file read, checked, and turned into values behind which nothing is doubted."""
