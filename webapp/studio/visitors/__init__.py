"""Visitors: their sessions, folders and uploads, and what they may ask for."""
