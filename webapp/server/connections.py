"""HTTP connections with an end: so many, and each with a request in time.

From outside: `counted`, which makes `Connection` count in some metrics.
"""

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

from impasto.webapp.hosting.metrics import Metrics

REQUEST_SECONDS = 15  # from a connection, or the answer before, until a request's head is there
# Beyond the connections that get an answer: these still get a 503, more are cut, for each holds a descriptor.
REFUSED_KINDLY = 50
HEAD_BYTES = 32_768  # of a request's head; browsers send a few kilobytes


def counted(metrics: Metrics | None) -> type["Connection"]:
    """The class of connections that uvicorn is given (`http`), which tells `metrics` of those that are refused."""
    return type("Counted", (Connection,), {"metrics": metrics})


class Connection(H11Protocol):
    """uvicorn closes what is silent after an answer, but waits without end for a first request, or half of one.

    With `limit_concurrency` n, from connection n on requests get a 503; after `REFUSED_KINDLY` more, all are cut.
    """

    metrics: Metrics | None = None
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        beyond = 0 if self.limit_concurrency is None else len(self.connections) + 1 - self.limit_concurrency
        if beyond > 0 and self.metrics is not None:
            self.metrics.refused("connections")
        if beyond > REFUSED_KINDLY:
            transport.abort()
        else:
            self._set_deadline()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._set_deadline()

    def _set_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = self.loop.call_later(REQUEST_SECONDS, self._cut_if_waiting)

    def _cut_if_waiting(self) -> None:
        """Cut the connection, unless it became a WebSocket or its request is being answered."""
        answering = self.cycle is not None and not self.cycle.response_complete
        if self.transport.get_protocol() is self and not answering:
            self.transport.abort()
