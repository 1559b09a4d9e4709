"""Runs exported models: model folders, sessions, style vectors, the painter. No torch."""
