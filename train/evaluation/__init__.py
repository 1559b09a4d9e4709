"""What trained models are judged by: scenes, metrics, reports."""
