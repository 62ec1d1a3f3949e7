"""The guardrails that frontdesk brings itself, as the policy asks for them."""

from frontdesk.contract.guardrails import Guardrail, Policy
from frontdesk.guardrails.blocklist import blocklist


def builtin_guardrails(policy: Policy) -> tuple[Guardrail, ...]:
    """What checks beside the guardrails of plugins; the limits on length belong to `Guards`."""
    return (blocklist(policy.blocked_words),) if policy.blocked_words else ()
