"""Builds a folder that is a Hugging Face Space: the whole application, or the live page alone.

From outside: `build.build_space` and `build.build_static_space`.
"""
