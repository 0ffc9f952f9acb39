"""How far the poll of the issues has come. No identifier of a video is in it."""

from datetime import UTC, datetime

from pydantic import BaseModel, ValidationError

START = datetime.fromtimestamp(0, UTC)


class Cursor(BaseModel):
    """Where the next poll goes on.

    since: issues changed before have been read; ledger: hash of the ledger's head that they were answered by; waiting:
    some of them are to be read again whatever has changed; owed: the same, once a poll that was cut off has come to its
    end; given: by the issue's number, the mark of the answer it has; not_before: when GitHub allows calls again.
    """

    since: datetime = START
    ledger: str = ""
    waiting: bool = True
    owed: bool = False
    given: dict[int, str] = {}
    not_before: datetime = START

    @classmethod
    def read(cls, text: str | None) -> "Cursor":
        """One that can't be read is a first one: everything is read again."""
        try:
            return cls.model_validate_json(text or "{}")
        except ValidationError:
            return cls()

    def start(self, ledger: str) -> datetime:
        """From which time on issues are read, with the ledger as it is now."""
        return START if self.waiting or self.ledger != ledger else self.since
