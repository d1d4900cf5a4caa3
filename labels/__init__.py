"""Labels and lists: frozen values in, PDF or ZPL out. Knows no database."""
