"""Clips, animations and pictures in and out. Knows no web."""
