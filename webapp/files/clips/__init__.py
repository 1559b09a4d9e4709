"""Clips in and out: what they are, their frames, sound, times, colours and edits."""
