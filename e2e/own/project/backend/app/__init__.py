"""Depot: which items there are, and where each was seen last."""
