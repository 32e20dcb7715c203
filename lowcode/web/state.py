"""What a request carries: the services of the process, the actor, the context of its fields."""

from __future__ import annotations

import contextlib
import typing as t
from collections.abc import Callable, Iterator

import flask
import sqlalchemy as sa

from lowcode import db
from lowcode.access.actor import Actor
from lowcode.accounts.sessions import OpenSession
from lowcode.errors import Unauthenticated
from lowcode.fields.context import Context
from lowcode.records.reads import Reads
from lowcode.records.workspace import Workspace
from lowcode.services import Services
from lowcode.system import meta

EXTENSION = "lowcode"
T = t.TypeVar("T")


def services() -> Services:
    """The services of this process."""
    return t.cast(Services, flask.current_app.extensions[EXTENSION])


def find_actor() -> Actor | None:
    """Who asks, or None when nobody is logged in."""
    return t.cast("Actor | None", flask.g.get("actor"))


def actor() -> Actor:
    """Who asks. Raises :class:`Unauthenticated`."""
    found = find_actor()
    if found is None:
        raise Unauthenticated()
    return found


def context() -> Context:
    """The context for fields outside a transaction (drawing a form). Inside one, use the workspace's."""
    return t.cast(Context, flask.g.ctx)


def session() -> OpenSession | None:
    """The server-side session, when the request came with its cookie."""
    return t.cast("OpenSession | None", flask.g.get("session"))


class OpenRead:
    """The read transaction in which a request was identified, kept open for what its view reads first.

    Beginning another one would ask for the same facts again. It is used once: whoever reads later wants to see what
    was written meanwhile.
    """

    def __init__(self) -> None:
        self._stack = contextlib.ExitStack()
        self.connection: sa.Connection = self._stack.enter_context(db.reading(services().engine))

    def close(self) -> None:
        """End the transaction."""
        self._stack.close()


@contextlib.contextmanager
def identifying() -> Iterator[OpenRead]:
    """The transaction in which the request is identified; it stays open until it is read in or let go."""
    found = flask.g.get("open_read")
    if found is None:
        found = flask.g.open_read = OpenRead()
    try:
        yield found
    except BaseException:
        let_go()
        raise


def let_go(_error: BaseException | None = None) -> None:
    """End the transaction that the request was identified in, when nobody has taken it."""
    found = flask.g.pop("open_read", None)
    if found is not None:
        found.close()


@contextlib.contextmanager
def reading() -> Iterator[Workspace]:
    """A short read transaction of whoever asks. Inside another one of the same request it is the same."""
    g = flask.g
    outer: Workspace | None = g.get("workspace")
    if outer is not None and outer.actor is actor():
        yield outer
        return
    opened: OpenRead | None = g.pop("open_read", None)
    with contextlib.ExitStack() as stack:
        if opened is None:
            workspace = stack.enter_context(services().reading(actor(), reads()))
        else:
            stack.callback(opened.close)
            ctx = services().context(opened.connection, actor(), g.meta.get(meta.DIRECTORY_VERSION, ""))
            workspace = Workspace(opened.connection, services().catalog, actor(), ctx, reads())
        g.workspace = workspace
        stack.callback(g.pop, "workspace", None)
        yield workspace


@contextlib.contextmanager
def writing() -> Iterator[Workspace]:
    """A write transaction of whoever asks."""
    let_go()
    with services().writing(actor(), reads()) as workspace:
        yield workspace


def written(work: Callable[[Workspace], T]) -> T:
    """``work`` in a write transaction of whoever asks; it may run up to three times and must not speak to the user."""
    let_go()
    return services().write(actor(), work, reads())


def reads() -> Reads:
    """What this request has read of apps with personal data; written before its answer leaves."""
    found: Reads | None = flask.g.get("reads")
    if found is None or found.actor is not actor():
        if found is not None:
            found.write()  # a program has named itself after somebody else's cookie was looked at
        found = flask.g.reads = services().reads(actor())
    return found


def address() -> str:
    """Where the request comes from; what a proxy says is believed only of trusted proxies."""
    peer = flask.request.remote_addr or ""
    trusted = services().settings.trusted_proxies
    if peer in trusted:
        # From the right: everything left of the first stranger may be invented by that stranger.
        for hop in reversed([part.strip() for part in flask.request.headers.get("X-Forwarded-For", "").split(",")]):
            if hop and hop not in trusted:
                return hop[:64]
    return peer


def is_https() -> bool:
    """Whether the browser speaks https with us or with the proxy before us."""
    base_url = services().settings.base_url or ""
    if base_url:
        return base_url.startswith("https:")
    if (flask.request.remote_addr or "") in services().settings.trusted_proxies:
        return flask.request.headers.get("X-Forwarded-Proto", flask.request.scheme) == "https"
    return flask.request.is_secure
