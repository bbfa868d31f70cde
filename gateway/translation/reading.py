"""What every read is given."""

from dataclasses import dataclass

from sqlalchemy import Connection

from coalition.v1 import envelope_pb2
from gateway.checkpointing import Checkpoints
from gateway.keyring import Keyring
from gateway.translation.answers import Answers
from partners.queries import Asker
from partners.requests import Remembered


@dataclass(frozen=True, slots=True)
class Reading:
    """What a read needs: a transaction, who asks, and how stored answers are signed."""

    connection: Connection
    asker: Asker
    keyring: Keyring
    answers: Answers
    checkpoints: Checkpoints

    def sealed(self, given: Remembered) -> envelope_pb2.Envelope:
        """An answer that was given before, byte for byte; of an item of a batch its own.

        Raises Refused where no checkpoint can be kept that covers it.
        """
        self.checkpoints.covering(self.connection)
        answer = given.answer
        if given.batch_index is not None:
            answer = self.answers.item(answer, given.batch_index)
        return self.keyring.seal(answer)
