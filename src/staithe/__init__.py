"""Staithe: the landing stage for public data."""
