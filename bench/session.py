"""A browser of one person over HTTP: cookies, log-in, forms with their hidden fields, posts that are sent once."""

from __future__ import annotations

import html
import http.client
import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message
from urllib.parse import urlencode

HIDDEN = re.compile(r"<input\b[^>]*\btype=\"hidden\"[^>]*>")
ATTRIBUTE = re.compile(r"\b(name|value)=\"([^\"]*)\"")
SECONDS = 120
"""How long an answer is waited for; then the try counts as failed (status 0)."""
Typed = Mapping[str, str | tuple[str, ...]]


@dataclass(frozen=True)
class Answer:
    """What came back. ``status`` 0: nothing did."""

    status: int
    seconds: float
    body: str = ""
    location: str = ""


@dataclass
class Session:
    """One person. Each visit opens a connection of its own, so that none is closed by the server half-way."""

    port: int
    cookies: dict[str, str] = field(default_factory=dict)
    _connection: http.client.HTTPConnection | None = None

    def log_in(self, login: str, password: str) -> Answer:
        """Ask for the log-in form and send it. A success answers with a redirection."""
        page = self.get("/login")
        answer = self.post("/login", {**hidden(page.body), "login": login, "password": password})
        self.leave()
        return answer

    def header(self) -> str:
        """The header ``Cookie`` of this session."""
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items())

    def get(self, path: str) -> Answer:
        """One page."""
        return self._send("GET", path, None, {})

    def post(self, path: str, values: Typed, *, multipart: bool = False) -> Answer:
        """Send a form, once: whether a post that was not answered has been saved is for the reading back to say."""
        if multipart:
            body, kind = _multipart(values)
        else:
            body, kind = urlencode(dict(values), doseq=True).encode(), "application/x-www-form-urlencoded"
        return self._send("POST", path, body, {"Content-Type": kind})

    def leave(self) -> None:
        """End the visit: the next request opens another connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _send(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        begin = time.perf_counter()
        try:
            if self._connection is None:
                self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)
            self._connection.request(method, path, body, {**headers, "Cookie": self.header()})
            answer = self._connection.getresponse()
            text = answer.read().decode("utf-8", "replace")
        except (OSError, http.client.HTTPException):
            self.leave()
            return Answer(0, time.perf_counter() - begin)
        self._keep(answer.headers)
        return Answer(answer.status, time.perf_counter() - begin, text, answer.headers.get("Location") or "")

    def _keep(self, headers: Message) -> None:
        for line in headers.get_all("Set-Cookie") or []:
            name, _, value = line.split(";")[0].partition("=")
            self.cookies[name] = value


def hidden(page: str, after: str = "") -> dict[str, str]:
    """The hidden inputs of a page, from the first place on where ``after`` stands."""
    found = {}
    for tag in HIDDEN.findall(page[max(0, page.find(after)) :]):
        named: dict[str, str] = {name: html.unescape(value) for name, value in ATTRIBUTE.findall(tag)}
        found[named.get("name", "")] = named.get("value", "")
    return found


def _multipart(values: Typed) -> tuple[bytes, str]:
    """``multipart/form-data`` (RFC 7578), as a browser sends a form that may have files."""
    boundary = secrets.token_hex(16)
    parts: list[str] = []
    for name, given in values.items():
        for value in (given,) if isinstance(given, str) else given:
            parts.append(f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n')
    parts.append(f"--{boundary}--\r\n")
    return "".join(parts).encode(), f"multipart/form-data; boundary={boundary}"


def sentence(page: str) -> str:
    """The words of a page without its tags: whether a refusal says something to a person."""
    body = re.sub(r"(?s)<(script|style|head)\b.*?</\1>|<[^>]+>", " ", page)
    return " ".join(html.unescape(body).split())
