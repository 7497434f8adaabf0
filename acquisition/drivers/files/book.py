"""What a watched folder asks of whoever keeps its files' content: the seam between driver and storage."""

from typing import Protocol
from uuid import UUID

from domain.plant.files import FileContent, TakenFile
from domain.plant.readings import ReadingBatch


class FileBook(Protocol):
    """Remembers what became of each file, so that every content is taken exactly once, whatever crashes."""

    async def find(self, connection_id: UUID, digest: bytes) -> TakenFile | None:
        """Return what became of a content, None when it is new."""
        ...

    def marked(self, batch: ReadingBatch) -> ReadingBatch:
        """Return the batch in order of time, all back-filled but the newest known value of each tag.

        May run in any thread.
        """
        ...

    def knows(self, tag_key: int) -> bool:
        """Say whether a tag ever had a value."""
        ...

    async def take(self, content: FileContent) -> None:
        """Return when the content, and the batches handed over before it, are durable and noted.

        StorageError when they are not; the driver comes with the same file again.
        """
        ...

    async def reject(self, file: TakenFile) -> None:
        """Note a file that cannot be read and cannot be moved aside."""
        ...


class ForgetfulBook:
    """Keeps nothing: for a folder that is only looked at."""

    async def find(self, connection_id: UUID, digest: bytes) -> TakenFile | None:
        return None

    def marked(self, batch: ReadingBatch) -> ReadingBatch:
        return batch

    def knows(self, tag_key: int) -> bool:
        return False

    async def take(self, content: FileContent) -> None:
        return None

    async def reject(self, file: TakenFile) -> None:
        return None
