"""A mailbox on a real Dovecot, seeded and looked into as the simulated one is."""

from collections import Counter
from uuid import uuid4

from connectors.testing.simulator import Person
from connectors.testing.simulators.imap import ImapSimulator
from tests.live.servers.dovecot import Dovecot

FOLDERS = ("INBOX", "Sent", "Archive/2025", "Junk", "Trash")


class RealMailbox(ImapSimulator):
    """A user of the real server in place of the folders in memory: the same seeds, and what is left is read from the server."""

    def __init__(self, server: Dovecot, user: str = "") -> None:
        super().__init__()
        self.server, self.user = server, user or f"{uuid4().hex}@voorbeeld.example"
        with self.server.client(self.user) as client:
            for folder in FOLDERS:
                if not client.folder_exists(folder):
                    client.create_folder(folder)

    def put(self, folder: str, **header: str) -> int:
        uid = super().put(folder, **header)
        with self.server.client(self.user) as client:
            client.append(folder, self.folders[folder].pop(uid) + b"Hallo\r\n")
        return uid

    def archive(self, person: Person) -> None:
        with self.server.client(self.user) as client:
            client.select_folder("INBOX")
            if uids := client.search():
                client.move(uids, "Archive/2025")

    def read(self) -> dict[str, dict[int, bytes]]:
        with self.server.client(self.user) as client:
            there = {}
            for flags, _, folder in client.list_folders():
                if b"\\Noselect" in flags:
                    continue
                client.select_folder(folder, readonly=True)
                uids = client.search()
                fetched = client.fetch(uids, ["BODY.PEEK[HEADER]"]) if uids else {}
                there[folder] = {uid: row[b"BODY[HEADER]"] for uid, row in fetched.items()}
            return there

    def traces(self, person: Person) -> Counter[str]:
        self.folders = self.read()
        return super().traces(person)

    def restricted(self, person: Person) -> Counter[str]:
        self.folders = self.read()
        return super().restricted(person)
