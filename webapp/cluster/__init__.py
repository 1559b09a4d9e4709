"""Painting on several machines: files and parts of files are given to painters, wherever they run."""
