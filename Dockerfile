# The application with its page and the released model, on port 7860. All that is installed is pinned, with hashes, in
# locks/ (`make locks` writes it); the page's packages in its package-lock.json.
#   docker build -t impasto . && docker run -p 7860:7860 impasto
FROM python:3.12.12-slim-bookworm AS build
WORKDIR /src
COPY locks locks
RUN pip install --no-cache-dir --require-hashes --requirement locks/build.txt
COPY . .
RUN pip install --no-cache-dir --no-deps --no-build-isolation --editable . \
    && python -m impasto.webapp.page_build \
    && pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /wheels .

FROM python:3.12.12-slim-bookworm
RUN useradd --uid 1000 --create-home painter
COPY locks/app.txt /wheels/
RUN pip install --no-cache-dir --require-hashes --requirement /wheels/app.txt
COPY --from=build /wheels /wheels
RUN pip install --no-cache-dir --no-deps /wheels/impasto-*.whl && pip check
USER 1000
WORKDIR /home/painter
ENV IMPASTO_HOST=0.0.0.0 IMPASTO_PORT=7860
EXPOSE 7860
HEALTHCHECK --start-period=60s --interval=30s --timeout=5s \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f'http://127.0.0.1:{os.environ[\"IMPASTO_PORT\"]}/healthz', timeout=4)"]
CMD ["impasto", "app"]
