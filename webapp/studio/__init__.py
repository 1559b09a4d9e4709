"""The Gradio page: clips, pictures, the live page in a frame, and what the model is.

From outside: `blocks.mount_studio`, which puts it on the FastAPI application. Nothing here imports torch.
"""
