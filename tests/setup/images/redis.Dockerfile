# In place of `redis:7`.
FROM slipway/debian
RUN apt-get update \
    && apt-get install --yes --no-install-recommends redis-server \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin
EXPOSE 6379
CMD ["redis-server", "--protected-mode", "no"]
