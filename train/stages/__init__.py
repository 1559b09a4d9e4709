"""The training stages, and what distilling and motion need of their own."""
