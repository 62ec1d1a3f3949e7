"""Where the parts of a desk are put together: the one composition root."""

import hashlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from functools import partial

from redis.asyncio import Redis

from frontdesk import __version__
from frontdesk.agents.consulting import consultations
from frontdesk.agents.crew import Crew
from frontdesk.agents.models import Models, open_models
from frontdesk.agents.specialist import specialist
from frontdesk.agents.summarist import Summarist
from frontdesk.agents.triage import triage
from frontdesk.budget import Budget, Limited
from frontdesk.budget.limits import Limiter
from frontdesk.budget.slots import Slots
from frontdesk.cache.answers import AnswerCache
from frontdesk.config import Settings, data_dir, load_secret
from frontdesk.contract.guardrails import Guardrail, Policy
from frontdesk.contract.parts import Plugin, Specialist
from frontdesk.contract.tools import Tool
from frontdesk.desk import Desk
from frontdesk.guardrails.builtin import builtin_guardrails
from frontdesk.guardrails.chain import Guards
from frontdesk.guardrails.instructions import instructions, mark_of, marked
from frontdesk.guardrails.policy_file import Buffering, policy_source
from frontdesk.jobs.board import Jobs
from frontdesk.jobs.opening import has_jobs, open_jobs
from frontdesk.jobs.turns import TURN, placed_by, runner
from frontdesk.jobs.webhooks import WEBHOOK, open_webhooks
from frontdesk.plugins import Loaded, load_plugins
from frontdesk.preprocess.chain import Handlers
from frontdesk.preprocess.faq import FaqHits, curated
from frontdesk.preprocess.routes import route_handlers
from frontdesk.reloading import reloading
from frontdesk.sessions.connection import open_redis
from frontdesk.sessions.drivers import Turn
from frontdesk.sessions.embedded import embedded_server
from frontdesk.sessions.outcomes import settling
from frontdesk.sessions.results import Results
from frontdesk.sessions.store import Sessions
from frontdesk.tools.access import access_of
from frontdesk.tools.binding import bind_all
from frontdesk.tools.catalogue import catalogue_of
from frontdesk.tools.fence import as_data
from frontdesk.tools.first import first_handlers
from frontdesk.tools.hints import reads_only
from frontdesk.tools.knowledge import knowledge
from frontdesk.tools.memory import Memory
from frontdesk.tools.results import long_results
from frontdesk.tracing.spans import Spans, installed
from frontdesk.tracing.store import Traces


@asynccontextmanager
async def store_url(settings: Settings) -> AsyncIterator[str]:
    """Where the deployment's Redis is: the configured one, or the embedded server of the data
    folder, which runs meanwhile.
    """
    if settings.redis_url:
        yield settings.redis_url
    else:
        async with embedded_server(data_dir(settings)) as url:
            yield url


@asynccontextmanager
async def open_store(settings: Settings) -> AsyncIterator[Redis]:
    """The deployment's Redis."""
    async with store_url(settings) as url, open_redis(url) as redis:
        yield redis


@asynccontextmanager
async def open_desk(
    settings: Settings,
    *,
    plugins: Mapping[str, Plugin] | None = None,
    models: Models | None = None,
    policy: Policy | None = None,
    recovers: bool = True,
    works: bool = False,
) -> AsyncIterator[Desk]:
    """Opens a desk: its store, its plugins, its agents; closes all of it at the end. It does the
    work of the background if it `works`, or where the settings have that inside of servers.

    `plugins` come on top of the installed ones, by name. `models` stand in for the settings'
    (the demo's, a test's), `policy` for the settings' guardrail policy. A desk that is no real one
    must not finish the turns of processes that are gone: it `recovers` none.

    Raises:
        SettingsError: a setting is wrong or missing.
        PluginError: there is no such folder of plugins.
    """
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        url = await enter(store_url(settings))
        redis = await enter(open_redis(url))
        results = Results(redis, load_secret(settings), settings)
        sessions = Sessions(redis, load_secret(settings), settings)
        if models is None:
            models = await enter(open_models(settings))
        spans, counts = Spans(), (sessions.usage.count,)
        traces = Traces(redis, load_secret(settings), settings.trace_ttl_s, spans, counts)
        key = settings.openai_api_key
        shown = key.get_secret_value() if key else None
        stack.enter_context(installed(spans, settings.trace_to_openai, shown))
        named = _plugins(settings, redis, results, plugins or {})
        slots = Slots(Limiter(redis), settings.lease_s)
        budget = Limited(slots, load_secret(settings), settings)
        await enter(slots.keeping())
        work = (settings, redis, results, sessions, models, policy, traces, budget)
        desk = await enter(_with_plugins(settings, named, partial(_put_together, *work)))
        settled = settling(desk.turn, desk.sessions)
        turn: Turn = budget.counted(sessions.drivers.parted(settled))
        if settings.summary:
            summarist = Summarist(models, settings, desk.guards, desk.sessions, desk.budget)
            await enter(summarist.working())
            turn = summarist.after(turn)
        await enter(_running(settings, url, sessions, turn, recovers=recovers, works=works))
        yield desk


@asynccontextmanager
async def _running(
    settings: Settings, url: str, sessions: Sessions, turn: Turn, *, recovers: bool, works: bool
) -> AsyncIterator[None]:
    """Runs turns with `turn`, and does the jobs of the deployment, if it has some."""
    works = works or settings.worker == "inside"
    if not has_jobs(settings):
        async with sessions.driving(turn, settings.drain_s, recovers):
            yield
        return
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        webhooks = await enter(open_webhooks(sessions, settings))
        does = {TURN: runner(sessions), WEBHOOK: webhooks.deliver}
        jobs: Jobs = await enter(open_jobs(url, does))
        place = placed_by(jobs) if settings.worker == "outside" else None
        turn = webhooks.around(turn, jobs)
        await enter(sessions.driving(turn, settings.drain_s, recovers, place, works))
        if works:
            jobs.work(settings.worker_turns, settings.lease_s)
            stack.callback(jobs.rest)  # before the turns that run here are waited for
        yield


@asynccontextmanager
async def _with_plugins(
    settings: Settings, named: Mapping[str, Plugin], put_together: Callable[[Loaded], Desk]
) -> AsyncIterator[Desk]:
    """The desk with its plugins; with those files that are edited while it works, if so set."""

    @asynccontextmanager
    async def version() -> AsyncIterator[tuple[Desk, tuple[str, ...]]]:
        async with load_plugins(settings, named) as loaded:
            yield put_together(loaded), loaded.problems

    if settings.reload_plugins and settings.plugins_dir:
        async with reloading(version, settings.plugins_dir) as desk:
            yield desk
    else:
        async with version() as (desk, _):
            yield desk


def _plugins(
    settings: Settings, redis: Redis, results: Results, given: Mapping[str, Plugin]
) -> Mapping[str, Plugin]:
    """The plugins that settings bring, and those that the caller does."""
    named: dict[str, Plugin] = {"results": long_results(results)}
    if settings.faq:
        named["faq"] = curated(settings.faq, FaqHits(redis).count)
    if settings.knowledge_dir:
        named["knowledge"] = knowledge((settings.knowledge_dir,))
    return named | dict(given)


def _put_together(
    settings: Settings,
    redis: Redis,
    results: Results,
    sessions: Sessions,
    models: Models,
    policy: Policy | None,
    traces: Traces,
    budget: Budget,
    loaded: Loaded,
) -> Desk:
    secret, parts = load_secret(settings), loaded.parts
    agents = (parts.triage or triage(), *(parts.specialists or (specialist(),)))
    mark = mark_of(secret)
    guards = _guards(settings, policy, parts.guardrails, agents, mark)
    first_agent, *specialists = (replace(a, prompt=marked(a.prompt, mark)) for a in agents)
    # Its tools need the guardrails, which plugins bring: so it joins them when those are known.
    tools_of_all = (*parts.tools, *Memory(sessions, guards.input).tools())
    first = first_handlers(parts.tools, guards.tool_result, results.fit)
    access = access_of(settings, tools_of_all)
    foreign = {t.name for t in parts.tools if not isinstance(t, Tool) and not reads_only(t)}
    fence = (guards.tool_result, as_data(results.fit), guards.tool_argument)
    tools = access.offered(bind_all(tools_of_all, *fence))
    asked = consultations(specialists, tools, models, settings, foreign)
    tools = tools | access.offered(bind_all(asked, *fence))
    catalogue = catalogue_of(settings, agents, tools_of_all, loaded.owners, access)
    version = _version(settings, first_agent, *specialists, *tools)
    return Desk(
        budget=budget,
        guards=guards,
        sessions=sessions,
        handlers=Handlers((*parts.handlers, *access.asked(first), *route_handlers(specialists))),
        cache=AnswerCache(redis, secret, settings.cache_ttl_s, version, sessions.sealing),
        crew=Crew(first_agent, tuple(specialists), tools, models, settings, foreign, catalogue),
        traces=traces,
    )


def _guards(
    settings: Settings,
    policy: Policy | None,
    guardrails: Sequence[Guardrail],
    agents: Sequence[Specialist],
    mark: str,
) -> Guards:
    source = policy_source(settings) if policy is None else lambda: policy
    judged = [each.name for each in agents if each.output_guardrails]
    prompts = [each.prompt for each in agents]
    everywhere = (*guardrails, instructions(prompts, mark))
    return Guards(everywhere, Buffering(source, judged), compose=builtin_guardrails, own=prompts)


def _version(settings: Settings, *shaping: object) -> str:
    """Names what shapes an answer, for the cache: code, models, prompts, tools."""
    models = (settings.triage_model, settings.specialist_model, settings.openai_base_url)
    return hashlib.sha256(repr((__version__, models, shaping)).encode()).hexdigest()
