"""What the server counts, in Prometheus' format; a registry of its own for each application."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

SECONDS = (0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.25, 0.5, 1, 2, 5)


class Metrics:
    """frames painted, seconds a frame, jobs that wait and run, errors, live sessions."""

    def __init__(self):
        self.registry = CollectorRegistry()
        self.frames = Counter("impasto_frames_painted", "Frames painted.", ["kind"], registry=self.registry)
        self.seconds = Histogram(
            "impasto_frame_seconds", "Seconds a painted frame took.", ["kind"], buckets=SECONDS, registry=self.registry
        )
        self.errors = Counter("impasto_errors", "Requests that ended in an error.", ["where"], registry=self.registry)
        self.refusals = Counter(
            "impasto_refusals", "What was asked for and not given.", ["why"], registry=self.registry
        )
        self.waiting = Gauge("impasto_queue_length", "Jobs that wait.", registry=self.registry)
        self.running = Gauge("impasto_jobs_running", "Jobs that run.", registry=self.registry)
        self.live_waiting = Gauge("impasto_live_waiting", "Live pages that wait.", registry=self.registry)
        self.live = Gauge("impasto_live_sessions", "Live pages being painted for.", registry=self.registry)

    def frame_painted(self, seconds: float, kind: str = "clip") -> None:
        self.frames.labels(kind).inc()
        self.seconds.labels(kind).observe(seconds)

    def error(self, where: str) -> None:
        self.errors.labels(where).inc()

    def refused(self, why: str) -> None:
        self.refusals.labels(why).inc()

    def text(self) -> bytes:
        return generate_latest(self.registry)
