"""The rules of the warehouse as pure functions and frozen values: no I/O, no clock."""
