# The gateway with its panel: built on this machine for that one, without an emulated compiler.
#
#   docker buildx build --platform linux/amd64,linux/arm64 -f docker/gateway.Dockerfile -t minuano-gateway .
#
# With binaries that are built already (target/containers/amd64/minuano-gateway, …/arm64/…):
#   docker build --build-arg BINARIES=given -f docker/gateway.Dockerfile -t minuano-gateway .
ARG BASE=gcr.io/distroless/cc-debian12
ARG RUST=rust:1.95-bookworm
ARG NODE=node:22-bookworm-slim
ARG BINARIES=compiled

FROM --platform=$BUILDPLATFORM ${NODE} AS panel
WORKDIR /minuano/dashboard
COPY dashboard/package.json dashboard/package-lock.json dashboard/.npmrc ./
RUN npm ci --no-audit --no-fund
COPY dashboard/ ./
RUN npm run build

FROM --platform=$BUILDPLATFORM ${RUST} AS compiled
ARG TARGETARCH
WORKDIR /minuano
COPY . .
COPY --from=panel /minuano/dashboard/dist dashboard/dist
RUN docker/compile.sh minuano-gateway release "$TARGETARCH" /minuano-gateway

FROM scratch AS given
ARG TARGETARCH
COPY target/containers/${TARGETARCH}/minuano-gateway /minuano-gateway

FROM ${BINARIES} AS binary

FROM ${BASE}
ARG VERSION=0.1.0
ARG REVISION=
LABEL org.opencontainers.image.title="Minuano gateway" \
      org.opencontainers.image.description="Ingests weather telemetry, judges it, keeps it and shows it" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=binary /minuano-gateway /usr/bin/minuano-gateway
# The store needs a folder that this user may write; a volume takes its owner from here.
COPY --chown=65532:65532 docker/empty/ /var/lib/minuano/
# In a container loopback reaches nobody; publish the port where it should be seen.
ENV MINUANO_GATEWAY__HTTP__LISTEN=0.0.0.0:8080
VOLUME /var/lib/minuano
EXPOSE 8080
USER 65532:65532
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=6s --start-period=60s --retries=3 CMD ["/usr/bin/minuano-gateway", "health"]
ENTRYPOINT ["/usr/bin/minuano-gateway"]
CMD ["run"]
