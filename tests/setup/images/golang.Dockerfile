# In place of `golang:1`. What the standard library needs for a web service is compiled once, here.
FROM slipway/debian
RUN apt-get update \
    && apt-get install --yes --no-install-recommends golang-go \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin
ENV CGO_ENABLED=0
RUN go build net/http net/http/httptest testing encoding/json log
