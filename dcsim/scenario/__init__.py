"""The scenario format: files are read, checked and turned into a `Scenario`, on which all other packages rely."""
