"""A notifier on a broker in memory, and its channels to servers on loopback."""

import asyncio
from datetime import timedelta

from pydantic import SecretStr

from connectors.testing.harness import Time
from orchestrator.letters.words import Language
from orchestrator.notifying.channels import Channel, Mail, Webhook
from orchestrator.notifying.notifier import Notifier
from orchestrator.notifying.sent import Sent
from orchestrator.notifying.texts import Open
from tests.flow.company import AMSTERDAM, NAMES
from tests.notifying.post import Post
from tests.notifying.receiver import Receiver
from topics.configuration import MailSettings, WebhookSettings
from topics.envelope import write
from topics.events import Right
from topics.memory import MemoryBroker
from topics.names import Topic
from topics.notices import NOTICE_TYPE, About, Notice

ID = "0198c7a2-6f0e-7c3e-9d1a-2f6f3f0c9a11"
SECRET = "s" * 40
NOTICES = NAMES.of(Topic.NOTICES)


def mail(post: Post, *to: str) -> Mail:
    officers = to or ("officer@example.nl",)
    return Mail(MailSettings(host="127.0.0.1", port=post.controller.port, tls="none", sender="e@example.nl", to=officers))


def webhook(receiver: Receiver, clock: Time) -> Webhook:
    return Webhook(WebhookSettings(url=receiver.url, secret=SecretStr(SECRET)), clock)


class Desk:
    """The notifier of one channel; of a company's own broker, if that is given."""

    def __init__(
        self,
        channel: Channel,
        sent: Sent | None = None,
        weekly: bool = False,
        opened: tuple[list[Open], int, int] = ([], 0, 0),
        broker: MemoryBroker | None = None,
        language: Language = Language.EN,
        pages: str = "https://e.example.nl",
    ) -> None:
        self.time, self.broker = Time(), broker or MemoryBroker(partitions=2)
        self.channel, self.weekly, self.opened, self.language, self.pages = channel, weekly, opened, language, pages
        self.sent = sent or Sent.open("sqlite://")
        self.start()

    def start(self, group: str = "notifications") -> None:
        """Under the name of another group it begins at the beginning, as when offsets are lost."""
        self.inbox = self.broker.inbox(group, NOTICES)
        opened, more = lambda _: self.opened, (self.language, AMSTERDAM, self.pages, self.time, self.time.sleep)
        self.notifier = Notifier(self.inbox, self.channel, opened, self.sent, self.weekly, *more)

    def put(self, about: About) -> None:
        notice = Notice(request_id=ID, right=Right.ERASURE, about=about, at=self.time(), due_by=(self.time() + timedelta(days=7)).date())  # type: ignore[arg-type]
        self.broker.append(write(NOTICES, NOTICE_TYPE, "/erasure", notice.request_id, notice, self.time()))

    def turn(self) -> int:
        """Until nothing has come any more; how many there were."""

        async def work() -> int:
            number = 0
            while found := await self.notifier.turn(0.0):
                number += found
            return number

        return asyncio.run(work())
