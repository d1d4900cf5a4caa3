"""Labels: what is drawn is read back."""
