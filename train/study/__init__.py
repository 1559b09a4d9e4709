"""Studying a style: from one picture to S and a brush, T's own weights as they differ from the model's."""
