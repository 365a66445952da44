"""Counts its visits in Redis."""

import time

import redis
from flask import Flask

app = Flask(__name__)
cache = redis.Redis(host="redis", port=6379)


def visits(tries=10):
    """One more visit; a Redis that is still starting is asked again."""
    while True:
        try:
            return cache.incr("visits")
        except redis.exceptions.ConnectionError:
            tries -= 1
            if not tries:
                raise
            time.sleep(0.5)


@app.route("/")
def hello():
    return f"Hello! I have been seen {visits()} times.\n"
