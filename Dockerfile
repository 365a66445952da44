# The one binary. As it is, it serves; `docker run … slipway runner` and every other command work too.

FROM rust:1.95-bookworm AS build
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libssl-dev pkg-config \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY . .
# `--build-arg PROFILE=release` builds in half the time, and less carefully.
ARG PROFILE=dist
RUN cargo build --profile "$PROFILE" --locked

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates libssl3 zlib1g \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /data slipway \
    && install --directory --owner=slipway --mode=0700 /data
ARG PROFILE=dist
COPY --from=build /source/target/${PROFILE}/slipway /usr/local/bin/slipway
ENV SLIPWAY_DATA=/data \
    SLIPWAY_LISTEN=0.0.0.0:8000
USER slipway
VOLUME /data
EXPOSE 8000
ENTRYPOINT ["slipway"]
CMD ["server"]
