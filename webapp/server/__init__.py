"""The FastAPI application: settings and limits, the built page at /live, model files, the live socket, metrics.

From outside: `app.create_app`, `settings.Settings`. Nothing here imports torch.
"""
