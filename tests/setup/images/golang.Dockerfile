# In place of `golang:1`.
FROM slipway/debian
RUN apt-get update \
    && apt-get install --yes --no-install-recommends golang-go \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin
