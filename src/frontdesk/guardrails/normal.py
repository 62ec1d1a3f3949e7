"""A text and the views of it in which checks look."""

from dataclasses import dataclass
from functools import cached_property

from frontdesk.guardrails.folding import Folded, fold


@dataclass(frozen=True)
class Normal:
    """`contract.guardrails.Text`: each view is made when it is first asked for."""

    original: str

    @cached_property
    def folded(self) -> Folded:
        """See `Text.folded`."""
        return fold(self.original)

    @cached_property
    def joined(self) -> Folded:
        """See `Text.joined`."""
        return self.folded
