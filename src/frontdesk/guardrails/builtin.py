"""The guardrails that frontdesk brings itself, as the policy asks for them."""

from frontdesk.contract.guardrails import Guardrail, Policy
from frontdesk.guardrails.blocklist import blocklist
from frontdesk.guardrails.links import links


def builtin_guardrails(policy: Policy) -> tuple[Guardrail, ...]:
    """What checks beside the guardrails of plugins; the limits on length belong to `Guards`."""
    words = (blocklist(policy.blocked_words),) if policy.blocked_words else ()
    return (*words, links(policy.allowed_hosts))
