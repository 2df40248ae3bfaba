# What starts a Flex Template's job on Dataflow: the worker's image, Google's launcher, and the program that it calls.
#   docker build -f deploy/containers/launcher.Dockerfile --build-arg WORKER=.../worker:0.1.0 --build-arg COMMAND=label -t .../launcher-label:0.1.0 .
ARG WORKER=mien-worker:0.1.0
# Google's launcher has no releases that follow Beam's; take a digest where builds must repeat.
# hadolint ignore=DL3007
FROM gcr.io/dataflow-templates-base/python311-template-launcher-base:latest AS launcher

FROM ${WORKER}
ARG COMMAND=label
COPY --from=launcher /opt/google/dataflow/python_template_launcher /opt/google/dataflow/python_template_launcher
COPY deploy/dataflow/launcher.py /template/launcher.py
ENV MIEN_COMMAND=${COMMAND} \
    FLEX_TEMPLATE_PYTHON_PY_FILE=/template/launcher.py
ENTRYPOINT ["/opt/google/dataflow/python_template_launcher"]
