# Workers of every engine, and whoever submits: mien with its default model, its pinned libraries, and Beam's boot.
#   docker build -f deploy/containers/worker.Dockerfile -t mien-worker:0.1.0 .        (in the checkout)
#   a pool for Flink, Spark or Prism:  docker run --network=host mien-worker:0.1.0 --worker_pool
#   a command:                         docker run --entrypoint mien mien-worker:0.1.0 label --help
# The tests compare Beam's version with constraints.txt. Python is that of whoever submits: another minor version is refused.
FROM python:3.11-slim AS wheel
WORKDIR /src
COPY . .
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .

FROM apache/beam_python3.11_sdk:2.77.0 AS beam

FROM python:3.11-slim
COPY --from=beam /opt/apache/beam /opt/apache/beam
COPY constraints.txt /opt/mien/
COPY --from=wheel /wheels /opt/mien/wheels
# aws: profiles and single sign-on of S3.
RUN pip install --no-cache-dir --compile --constraint /opt/mien/constraints.txt "$(echo /opt/mien/wheels/*.whl)[aws]" \
    && pip check \
    && mien models
# Boot makes no environment for each worker: the image is it, and belongs to no user. What workers write goes below /tmp.
ENV RUN_PYTHON_SDK_IN_DEFAULT_ENVIRONMENT=1 \
    HOME=/tmp \
    PYTHONUNBUFFERED=1
ENTRYPOINT ["/opt/apache/beam/boot"]
