"""Which agent a model's name stands for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from frontdesk.contract.errors import SettingsError
from frontdesk.server.openai.errors import unknown_model

DESK = "frontdesk"
ANY = "*"


@dataclass(frozen=True, slots=True)
class Aliases:
    """Names of models -> names of agents, `frontdesk` for the desk; `*` is any other name."""

    names: Mapping[str, str]

    def agent(self, model: str, agents: Sequence[str]) -> str:
        """The agent that a model's name stands for; empty for the desk, triage first.

        Raises:
            Refused: it stands for none.
        """
        known = {DESK: "", **{name: name for name in agents}}
        if model in known:
            return known[model]
        target = self.names.get(model, self.names.get(ANY))
        if target is None or target not in known:
            raise unknown_model(model)
        return known[target]


def read_aliases(pairs: Sequence[str]) -> Aliases:
    """The aliases from `alias=agent` each.

    Raises:
        SettingsError: one of them is no such pair.
    """
    names = {}
    for pair in pairs:
        alias, _, agent = (part.strip() for part in pair.partition("="))
        if not alias or not agent:
            raise SettingsError(
                "FRONTDESK_MODEL_ALIASES: write `alias=agent`, several between commas, such as "
                "`gpt-4o=frontdesk,*=frontdesk`."
            )
        names[alias] = agent
    return Aliases(names)
