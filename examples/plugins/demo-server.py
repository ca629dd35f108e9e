#!/usr/bin/env python3
"""The provider of the example plugin: it signs people in, and renews keys with refresh tokens that are good once.

    python3 demo-server.py [PORT]        listens on 127.0.0.1 and prints its address

Whoever opens the link of a sign-in has agreed to it. `DEMO_LIFE` is how long a key lives, in seconds.
"""

import json
import os
import secrets
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock

LIFE = int(os.environ.get("DEMO_LIFE", "3600"))
STATIC_KEY = "sk-demo-static-key-0001"

lock = Lock()
devices = {}  # code -> whether somebody has agreed
current = {}  # refresh token -> login
used = {}  # refresh tokens that were good once -> login
keys = {STATIC_KEY: None}  # key -> login
counts = {"renewals": 0, "revocations": 0}


def issue(login):
    key, refresh = "sk-demo-" + secrets.token_hex(16), "demo-refresh-" + secrets.token_hex(16)
    current[refresh], keys[key] = login, login
    account = {"account": "demo-account-1", "email": "ada@demo.test"}
    return {"key": key, "refresh": refresh, "expires_in": LIFE, **account}


def end(login):
    if login is None:
        return
    for table in (current, keys):
        for token in [one for one, of in table.items() if of == login]:
            del table[token]


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        with lock:
            if self.path == "/counts":
                return self.answer(200, counts)
            if self.path == "/v1/models":
                key = self.headers.get("authorization", "").removeprefix("Bearer ")
                return self.answer(200, {"data": []}) if key in keys else self.answer(401, {})
            code = self.path.removeprefix("/agree/")
            if code not in devices:
                return self.answer(404, {})
            devices[code] = True
            self.answer(200, {"agreed": True})

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers.get("content-length", "0"))) or b"{}")
        with lock:
            if self.path == "/device":
                code = secrets.token_hex(8)
                devices[code] = False
                return self.answer(200, {"code": code, "url": f"{address()}/agree/{code}"})
            if self.path == "/token" and "device" in body:
                if not devices.get(body["device"], False):
                    return self.answer(428 if body["device"] in devices else 400, {})
                del devices[body["device"]]
                return self.answer(200, issue(secrets.token_hex(8)))
            if self.path == "/token":
                return self.renew(body.get("refresh", ""))
            if self.path == "/revoke":
                counts["revocations"] += 1
                end(current.get(body.get("refresh", "")))
                return self.answer(200, {})
        self.answer(404, {})

    def renew(self, refresh):
        if refresh in used:
            end(used[refresh])
            return self.answer(401, {})
        login = current.pop(refresh, None)
        if login is None:
            return self.answer(401, {})
        used[refresh] = login
        counts["renewals"] += 1
        for key in [one for one, of in keys.items() if of == login]:
            del keys[key]
        self.answer(200, issue(login))

    def answer(self, status, body):
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 0), Handler)


def address():
    return f"http://127.0.0.1:{server.server_port}"


print(address(), flush=True)
server.serve_forever()
