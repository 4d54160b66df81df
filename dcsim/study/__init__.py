"""Many runs, and where their results are kept."""
