# The sidecar as an image: `docker build -t outbound-sidecar .`; docs/deploy.md says how it is run.
#
# BASE builds it, RUNTIME runs it. Both need the same Python (3.13.2 or newer) at the same place;
# RUNTIME needs no shell, no pip and no package manager: nothing is executed while it is filled.
ARG BASE=python:3.13-slim
ARG RUNTIME=${BASE}

FROM ${BASE} AS build
# Older ones copy large bodies before they write them (CVE-2024-12254).
RUN ["python", "-c", "import sys; assert sys.version_info >= (3, 13, 2), sys.version"]
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
# All that is fetched was locked: each file by its hash, and as a wheel, because what an sdist is built
# with is in no lock. It comes first, so that a change of the sidecar fetches nothing.
COPY requirements-build.lock ./
RUN python -m venv --without-pip /opt/build \
    && python -m pip --python /opt/build/bin/python install \
        --require-hashes --only-binary=:all: -r requirements-build.lock
COPY requirements-image.lock ./
RUN mkdir /state \
    && python -m venv --without-pip /opt/sidecar \
    && python -m pip --python /opt/sidecar/bin/python install \
        --require-hashes --only-binary=:all: -r requirements-image.lock
COPY pyproject.toml README.md LICENSE ./
COPY sidecar sidecar
# There is no git in here, so whoever builds says what this is.
ARG VERSION=0.0.0
RUN SETUPTOOLS_SCM_PRETEND_VERSION="${VERSION}" /opt/build/bin/python -m hatchling build -t wheel \
    && python -m pip --python /opt/sidecar/bin/python install --no-index --no-deps dist/*.whl

FROM ${RUNTIME}
COPY --from=build /opt/sidecar /opt/sidecar
COPY LICENSE THIRD_PARTY_NOTICES /usr/share/doc/outbound-sidecar/
COPY config/sidecar.yaml /etc/sidecar/sidecar.yaml
# For a store or a spool in a file: mount a volume here. All else can be read-only.
COPY --from=build --chown=65532:65532 /state /var/lib/sidecar
# Probes and Prometheus come from outside of the container; what the application uses, and the admin
# listener, stay on loopback unless the configuration says otherwise.
ENV PATH=/opt/sidecar/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONDONTWRITEBYTECODE=1 \
    SIDECAR_CONFIG=/etc/sidecar/sidecar.yaml \
    SIDECAR__LISTEN__OPS=0.0.0.0:9090
WORKDIR /var/lib/sidecar
USER 65532:65532
EXPOSE 9090
HEALTHCHECK --interval=5s --timeout=3s --start-period=10s --retries=3 CMD ["sidecar", "healthcheck"]
ENTRYPOINT ["sidecar"]
CMD ["run"]
ARG VERSION=0.0.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="outbound-sidecar" \
      org.opencontainers.image.description="Outbound reverse-proxy sidecar for Supabase, WhatsApp and Gemini" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
