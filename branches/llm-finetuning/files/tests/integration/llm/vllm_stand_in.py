"""A program that is started and asked as vLLM is, where there is no GPU for vLLM itself.

It answers with the request that it got, or in five parts where that is to be streamed; as many at once as it is told.
What the request says can make it die, wait for very long, or refuse.
"""

import json
import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

WORDS = sys.argv
ROWS = threading.Semaphore(int(WORDS[WORDS.index("--max-num-seqs") + 1]) if "--max-num-seqs" in WORDS else 1)
SECONDS = 0.1  # that an answer in parts takes
REFUSAL = {"error": {"message": "too long for it", "code": "context_length_exceeded"}}


class Server(ThreadingHTTPServer):
    """Takes as many connections at once as clients open.

    Five may wait by default; the sixth is dropped where the machine is busy, and comes again after a second.
    """

    request_queue_size = 128


class Handler(BaseHTTPRequestHandler):
    """Answers."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Say that it is there."""
        self.reply(200 if self.path == "/health" else 404, {})

    def do_POST(self) -> None:
        """Answer a request that has the key."""
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        said = str(asked.get("messages", asked.get("prompt")))
        if self.headers["authorization"] != f"Bearer {os.environ['VLLM_API_KEY']}":
            self.reply(401, {"error": {"message": "no key"}})
        elif "refuse" in said:
            self.reply(400, REFUSAL)
        elif asked.get("stream"):
            self.stream(asked["model"])
        else:
            if "die" in said:
                os._exit(3)
            if "wait" in said:
                time.sleep(600)
            message = {"role": "assistant", "content": json.dumps(asked)}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            head = {"id": "1", "object": "chat.completion", "created": 1, "model": asked["model"]}
            usage = {"prompt_tokens": 2, "completion_tokens": 3, "total_tokens": 5, "prompt_tokens_details": None}
            self.reply(200, {**head, "choices": [choice], "usage": usage})

    def stream(self, model: str) -> None:
        """Send five parts."""
        self.send_response(200)
        self.send_header("connection", "close")
        self.end_headers()
        head = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": model}
        with ROWS:
            time.sleep(SECONDS)
            for number in range(5):
                choice = {"index": 0, "delta": {"content": str(number)}, "finish_reason": None}
                self.wfile.write(f"data: {json.dumps({**head, 'choices': [choice]})}\n\n".encode())
        self.wfile.write(b"data: [DONE]\n\n")

    def reply(self, status: int, body: dict[str, Any]) -> None:
        """Send JSON."""
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


if __name__ == "__main__":
    print("serving as", os.getpid(), flush=True)
    address = WORDS[WORDS.index("--host") + 1], int(WORDS[WORDS.index("--port") + 1])
    Server(address, Handler).serve_forever()
