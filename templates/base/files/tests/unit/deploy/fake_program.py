"""Stands in for docker, kubectl and ssh: writes down what it is asked, and serves an API where one would be reached."""

import json
import os
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

STATE = Path(os.environ["FAKE_STATE"])
KEY = "key_abc123_secret"


class Api(BaseHTTPRequestHandler):
    """The routes that a smoke test asks for."""

    def do_GET(self):
        ready = not (STATE / "not-ready").exists()
        champion = {"version": 1}
        answers = {
            "/ready": {"status": "ready" if ready else "unavailable"},
            "/models": {"models": [{"name": "iris", "champion": champion}, {"name": "new", "champion": None}]},
            "/models/iris": {"signature": {"inputs": [{"name": "length"}, {"name": "width"}]}},
        }
        if self.path != "/ready" and self.headers["X-API-Key"] != KEY:
            self._answer(401, {"detail": "no key"})
        else:
            self._answer(200 if ready else 503, answers[self.path])

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        note("asked", f"{self.path} {body}")
        if (STATE / "no-prediction").exists():
            self._answer(500, {"detail": "the model failed"})
        else:
            self._answer(200, {"predictions": [{"prediction": "setosa"}]})

    def log_message(self, *_):
        """Say nothing."""

    def _answer(self, status, body):
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())


def note(file, text):
    with (STATE / file).open("a", encoding="utf-8") as opened:
        opened.write(json.dumps(text) + "\n")


def serve(port):
    HTTPServer(("127.0.0.1", int(port)), Api).serve_forever()


def main(words):
    text = " ".join(words)
    if words[0] == "serve":
        serve(words[1])
    note("calls", text)
    if any(sign in text for sign in ("--filename -", "image load", "tar -xf -")):
        given = sys.stdin.buffer.read()
        note("input", given.decode() if "--filename" in text else len(given))
    failing = STATE / "failing"
    if failing.exists() and failing.read_text(encoding="utf-8") in text:
        sys.exit("it does not work")
    if "keys create" in text:
        print(KEY)
    if "image}" in text:
        print("registry.example.org/project:v1")
    if ".name}" in text:
        print("settings-v1")
    if "revision}" in text and (STATE / "revision").exists():
        print((STATE / "revision").read_text(encoding="utf-8"))
    if "kustomize" in words:
        print("image: app:unset")
    if "-L" in words:
        serve(words[words.index("-L") + 1].split(":")[1])
    if "port-forward" in words:
        serve(words[-1].split(":")[0])


if __name__ == "__main__":
    main(sys.argv[1:])
