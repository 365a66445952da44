# In place of `ruby:3`.
FROM slipway/debian
RUN apt-get update \
    && apt-get install --yes --no-install-recommends rake ruby ruby-rspec ruby-rspec-junit-formatter \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin
