"""What is installed: `GET /v1/tools` and `GET /v1/agents`."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from frontdesk.server import examples
from frontdesk.server.answers import json_answer
from frontdesk.server.description import Content, described
from frontdesk.server.reception import admit
from frontdesk.server.shapes import AgentList, ToolList

router = APIRouter()


@router.get("/v1/tools", **described("read", answers=Content(ToolList, examples.TOOLS)))
async def list_tools(request: Request) -> Response:
    """The tools that agents may use in the caller's turns, and which plugin brings each."""
    visit = await admit(request, "read")
    return json_answer({"tools": visit.desk.crew.catalogue.tools_for(visit.caller)})


@router.get("/v1/agents", **described("read", answers=Content(AgentList, examples.AGENTS)))
async def list_agents(request: Request) -> Response:
    """The agents, triage first, and which plugin brings each."""
    visit = await admit(request, "read")
    return json_answer({"agents": visit.desk.crew.catalogue.agents_for(visit.caller)})
