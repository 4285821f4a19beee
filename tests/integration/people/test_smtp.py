"""Mail over a real connection: a server that takes it, refuses it, or says nothing."""

from __future__ import annotations

import email
import email.policy
import socketserver
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction

from staithe.base import clock
from staithe.jobs.run import run_pending
from staithe.people.models import Notice
from staithe.people.notices import notify


AT = datetime(2026, 2, 1, tzinfo=UTC)
pytestmark = pytest.mark.django_db


class Conversation(socketserver.StreamRequestHandler):
    """The server's side of SMTP (RFC 5321), as far as a plain delivery goes."""

    server: Post

    def handle(self) -> None:
        if self.server.silent:
            self.server.closing.wait(20)
            return
        self.say("220 post.example")
        recipients: list[str] = []
        while line := self.rfile.readline().decode().strip():
            word = line[:4].upper()
            if word == "DATA":
                self.say("354 go on")
                self.server.taken.append((recipients, self.message()))
                self.say("250 taken")
            elif word == "QUIT":
                self.say("221 bye")
                return
            elif word == "RCPT" and self.server.refuse:
                self.say("550 nobody of that name")
            else:
                if word == "RCPT":
                    recipients.append(line.partition("<")[2].rstrip(">"))
                self.say("250 well")

    def say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())

    def message(self) -> bytes:
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        return b"".join(lines)


class Post(socketserver.ThreadingTCPServer):
    """A mail server on a free port of this machine."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Conversation)
        self.taken: list[tuple[list[str], bytes]] = []
        self.refuse = self.silent = False
        self.closing = threading.Event()


@pytest.fixture
def post(settings) -> Iterator[Post]:
    """Start the server and configure the service to use it."""
    with Post() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = server.server_address
        settings.EMAIL_USE_TLS = False
        settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
        yield server
        server.closing.set()
        server.shutdown()


@pytest.fixture
def tell(cast) -> Callable[[], None]:
    """Return a function that tells the analyst something in the course of an act."""

    def tell() -> None:
        with transaction.atomic():
            notify(
                cast.analyst,
                title="A request waits: café",
                body="Decide it.\n.\nIn time.",
                link="/requests/1",
                at=AT,
            )

    return tell


def test_a_notice_arrives_as_it_was_written(post, tell):
    """One message, to one person, with accents, a lone dot and the way back."""
    tell()
    run_pending()
    ((recipients, raw),) = post.taken
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert recipients == ["ben@example.com"]
    assert message["To"] == "ben@example.com"
    assert message["From"] == "staithe@localhost"
    assert message["Subject"] == "Staithe: A request waits: café"
    lines = message.get_content().splitlines()
    assert lines[:5] == ["Dear Ben", "", "Decide it.", ".", "In time."]
    assert "See http://127.0.0.1:8000/requests/1" in lines
    assert Notice.objects.get().email_state == "sent"


def test_a_refused_address_is_tried_again_and_sent_once_it_is_taken(post, tell):
    post.refuse = True
    tell()
    with clock.set_to(AT):
        run_pending()
    assert post.taken == []
    assert Notice.objects.get().email_state == "queued"
    post.refuse = False
    with clock.set_to(AT + timedelta(hours=1)):
        run_pending()
    assert len(post.taken) == 1
    assert Notice.objects.get().email_state == "sent"


def test_a_server_that_says_nothing_does_not_hold_the_worker(post, tell, settings):
    assert 0 < settings.EMAIL_TIMEOUT <= 60
    settings.EMAIL_TIMEOUT = 0.3
    post.silent = True
    tell()
    with clock.set_to(AT):
        run_pending()
    notice = Notice.objects.get()
    assert (notice.email_state, notice.email_attempts) == ("queued", 1)
