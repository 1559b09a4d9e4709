"""The server's side of the page for files: jobs, previews, limits, visitors; and the API, by Gradio.

From outside: `blocks.mount_studio`, which puts it on the FastAPI application. Nothing here imports torch.
"""
