# The station: built on this machine for that one, without an emulated compiler.
#
#   docker buildx build --platform linux/amd64,linux/arm64 -f docker/station.Dockerfile -t minuano-station .
#
# With binaries that are built already (target/containers/amd64/minuano-station, …/arm64/…):
#   docker build --build-arg BINARIES=given -f docker/station.Dockerfile -t minuano-station .
ARG BASE=gcr.io/distroless/cc-debian12
ARG RUST=rust:1.95-bookworm
ARG BINARIES=compiled

FROM --platform=$BUILDPLATFORM ${RUST} AS compiled
ARG TARGETARCH
WORKDIR /minuano
COPY . .
RUN docker/compile.sh minuano-station firmware "$TARGETARCH" /minuano-station

FROM scratch AS given
ARG TARGETARCH
COPY target/containers/${TARGETARCH}/minuano-station /minuano-station

FROM ${BINARIES} AS binary

FROM ${BASE}
ARG VERSION=0.1.0
ARG REVISION=
LABEL org.opencontainers.image.title="Minuano station" \
      org.opencontainers.image.description="Reads weather sensors over I2C and publishes them by MQTT" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=binary /minuano-station /usr/bin/minuano-station
# The log needs a folder that this user may write; a volume takes its owner from here.
COPY --chown=65532:65532 docker/empty/ /var/lib/minuano/
# What is not acknowledged at a stop is kept in the log, and an engine kills who takes longer than 10 s.
ENV MINUANO_STATION__RUN__STOP_WITHIN=1s
VOLUME /var/lib/minuano
USER 65532:65532
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=6s --start-period=60s --retries=3 CMD ["/usr/bin/minuano-station", "health"]
ENTRYPOINT ["/usr/bin/minuano-station"]
CMD ["run"]
