"""Money: what a build pays and earns by month, what its parties own and owe, and whether it pays back."""
