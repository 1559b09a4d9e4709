"""The FastAPI application: the built page at /live, model files, the live socket, health, metrics, logs.

From outside: `app.create_app`, `run.serve`. Only `app` knows the studio, which it mounts. Nothing here imports torch.
"""
