"""Receives alerts as a mail server, ntfy or a webhook would, and prints one JSON line for each that it took.

Nothing of the gateway's own code is in it: signatures, mails and the rules of ntfy's API are checked here anew.
"""

import argparse
import email
import email.policy
import hashlib
import hmac
import json
import re
import ssl
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword


def say(**what):
    print(json.dumps(what), flush=True)


class Mails:
    """What a mail server does with a mail once it has it."""

    async def handle_DATA(self, server, session, envelope):
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        missing = [name for name in ("Date", "From", "To", "Subject", "Message-ID") if mail[name] is None]
        if missing:
            return f"554 5.6.0 it lacks {missing}"
        say(
            sender=envelope.mail_from,
            receivers=envelope.rcpt_tos,
            subject=mail["Subject"],
            id=mail["Message-ID"],
            text=mail.get_content(),
            encrypted=server.transport.get_extra_info("sslcontext") is not None,
            user=session.auth_data.login.decode() if session.authenticated else None,
        )
        return "250 2.0.0 taken"


def tls(options):
    if not options.certificate:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(options.certificate, options.key)
    return context


def smtp(options):
    context = tls(options)

    def authenticate(server, session, envelope, mechanism, data):
        right = isinstance(data, LoginPassword) and (data.login, data.password) == (
            options.user.encode(),
            options.password.encode(),
        )
        return AuthResult(success=right, handled=right, auth_data=data)

    controller = Controller(
        Mails(),
        hostname="127.0.0.1",
        port=options.port,
        ssl_context=context if options.wrapped else None,
        tls_context=None if options.wrapped else context,
        require_starttls=context is not None and not options.wrapped,
        authenticator=authenticate if options.user else None,
        auth_required=options.user is not None,
        auth_require_tls=context is not None and not options.wrapped,
    )
    controller.start()
    say(listening=options.port)
    threading.Event().wait()


class Posts(BaseHTTPRequestHandler):
    """A server that takes POST alone, with a length."""

    protocol_version = "HTTP/1.1"
    options = None

    def log_message(self, *_):
        pass

    def do_POST(self):
        length = self.headers.get("Content-Length")
        if length is None or not length.isdigit():
            return self.answer(411, {"error": "a length is missing"})
        status, body = self.take(self.rfile.read(int(length)))
        return self.answer(status, body)

    def answer(self, status, body):
        body = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Webhook(Posts):
    """Verifies the signature as docs/alerts.md tells."""

    def take(self, body):
        secret = self.options.password
        if secret:
            found = re.fullmatch(r"t=(\d+),v1=([0-9a-f]{64})", self.headers.get("X-Minuano-Signature", ""))
            if not found:
                return 401, {"error": "no signature"}
            seconds, given = found.groups()
            right = hmac.new(secret.encode(), seconds.encode() + b"." + body, hashlib.sha256).hexdigest()
            if not hmac.compare_digest(right, given):
                return 401, {"error": "the signature is wrong"}
            if abs(time.time() - int(seconds)) > 300:
                return 401, {"error": "the signature is old"}
        alert = json.loads(body)
        if self.headers.get("X-Minuano-Delivery") != alert["id"]:
            return 400, {"error": "two ids"}
        say(path=self.path, signed=bool(secret), **alert)
        return 200, {}


class Ntfy(Posts):
    """ntfy's rules for messages published as JSON, with its error codes (https://docs.ntfy.sh/publish/#publish-as-json)."""

    KEYS = {
        "topic": str, "message": str, "title": str, "tags": list, "priority": int, "actions": list, "click": str,
        "attach": str, "markdown": bool, "icon": str, "filename": str, "delay": str, "email": str, "call": str,
    }  # fmt: skip

    @staticmethod
    def refuse(code, error):
        return code // 100, {"code": code, "http": code // 100, "error": error, "link": "https://ntfy.sh/docs/publish/"}

    def take(self, body):
        if self.path != "/":
            return self.refuse(40401, "page not found")
        token = self.options.password
        if token and self.headers.get("Authorization") != f"Bearer {token}":
            return self.refuse(40301, "forbidden") if self.headers.get("Authorization") else self.refuse(40101, "unauthorized")
        try:
            message = json.loads(body.decode("utf-8"))
        except ValueError:
            return self.refuse(40017, "invalid request: request body must be message JSON")
        wrong = [key for key, value in message.items() if not isinstance(value, self.KEYS.get(key, ()))]
        if wrong or not all(isinstance(tag, str) for tag in message.get("tags", [])):
            return self.refuse(40017, f"invalid request: request body must be message JSON, not with {wrong}")
        if not re.fullmatch(r"[-_A-Za-z0-9]{1,64}", message.get("topic", "")):
            return self.refuse(40009, "invalid request: topic invalid")
        if not 1 <= message.get("priority", 3) <= 5:
            return self.refuse(40007, "invalid priority parameter")
        # A longer one becomes an attachment, and a title is a header.
        if len(message.get("message", "").encode()) > 4096 or "\n" in message.get("title", ""):
            return self.refuse(41301, "attachment too large, or bandwidth limit reached")
        if self.options.limited > 0:
            self.options.limited -= 1
            say(limited=True)
            return self.refuse(42901, "limit reached: too many requests")
        say(**message)
        return 200, {"id": "hwQ2YpKdmg", "time": int(time.time()), "event": "message", **message}


def http(handler, options):
    handler.options = options
    server = ThreadingHTTPServer(("127.0.0.1", options.port), handler)
    if context := tls(options):
        server.socket = context.wrap_socket(server.socket, server_side=True)
    say(listening=options.port)
    server.serve_forever()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=["smtp", "ntfy", "webhook"])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--user")
    parser.add_argument("--password")
    parser.add_argument("--certificate")
    parser.add_argument("--key")
    parser.add_argument("--wrapped", action="store_true", help="TLS before the first word")
    parser.add_argument("--limited", type=int, default=0, help="ntfy: refuse so many first")
    options = parser.parse_args()
    match options.kind:
        case "smtp":
            smtp(options)
        case "ntfy":
            http(Ntfy, options)
        case "webhook":
            http(Webhook, options)


if __name__ == "__main__":
    sys.exit(main())
