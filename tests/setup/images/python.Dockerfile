# In place of `python:3`.
FROM slipway/debian
RUN apt-get update \
    && apt-get install --yes --no-install-recommends python3 python3-flask python3-redis \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin
