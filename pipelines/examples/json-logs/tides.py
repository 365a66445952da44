"""A small web service that logs one JSON object a line."""

import json
import sys
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TIDES = {"/high": 4.1, "/low": 0.6}


def log(level, message, **fields):
    now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
    line = {"time": now, "level": level, "message": message, **fields}
    print(json.dumps(line, ensure_ascii=False), flush=True)


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        tide = TIDES.get(self.path)
        self.send_response(200 if tide else 404)
        self.end_headers()
        self.wfile.write(f"{tide or 'no such tide'}\n".encode())

    def log_request(self, code="-", size="-"):
        level = "info" if int(code) < 400 else "warning"
        log(level, "request", method=self.command, path=self.path, status=int(code), user={"address": self.client_address[0]})


sys.stdout.reconfigure(encoding="utf-8")
log("info", "listening", port=8080, motto="Zeit & Gezeiten ≈ „tides“\twait for \\no one\\ \u001b[1m")
ThreadingHTTPServer(("", 8080), Handler).serve_forever()
