"""The pages people scan at."""
