"""What a turn knows of itself, over a wait for a person."""

from dataclasses import fields

from frontdesk.contract.context import Ledger
from frontdesk.sessions.pending import KEPT


def test_every_field_of_the_ledger_is_kept_over_a_wait_or_made_anew() -> None:
    kept_apart = {"vault", "given", "stages"}
    anew = {"pause", "open_effects", "tenant", "language", "held_chars", "held_ms"}
    anew |= {"handed", "incomplete", "first_text"}
    assert {field.name for field in fields(Ledger)} == {*KEPT} | kept_apart | anew
