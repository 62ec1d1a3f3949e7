// What OpenAI's JavaScript client makes of a server's responses and conversations, as JSON.
//
//     node openai_node_responses.mjs BASE_URL ANN_KEY BOB_KEY
import { createRequire } from "node:module";

const OpenAI = createRequire(`${process.cwd()}/`)("openai");
const [baseURL, ...keys] = process.argv.slice(2);
const [ann, bob] = keys.map((apiKey) => new OpenAI({ baseURL, apiKey, maxRetries: 0 }));
const model = "frontdesk";
const tools = [
  {
    type: "function",
    name: "get_weather",
    description: "Tells the weather.",
    strict: false,
    parameters: { type: "object", properties: { city: { type: "string" } } },
  },
];

async function error(call) {
  try {
    await call();
  } catch (found) {
    return [found.constructor.name, found.status, found.code ?? null];
  }
  return ["none"];
}

const checks = {
  async answer() {
    const got = await ann.responses.create({ model, input: "안녕하세요 🙂" });
    return [got.status, got.output_text, got.model];
  },
  async stream() {
    const stream = ann.responses.stream({ model, input: "[long:100] [slow:0.01]" });
    let pieces = 0;
    stream.on("response.output_text.delta", () => { pieces += 1; });
    const got = await stream.finalResponse();
    return [got.output_text.split(" ").at(-1), pieces > 1, got.status];
  },
  async turns() {
    const first = await ann.responses.create({ model, input: "I like herons." });
    const chained = { model, input: "[echo]", previous_response_id: first.id };
    return (await ann.responses.create(chained)).output_text;
  },
  async conversation() {
    const { id } = await ann.conversations.create({ metadata: { of: "ann" } });
    await ann.responses.create({ model, input: "I like herons.", conversation: id });
    const got = await ann.responses.create({ model, input: "[echo]", conversation: id });
    let items = 0;
    for await (const _ of ann.conversations.items.list(id, { limit: 2, order: "asc" })) items += 1;
    return [got.output_text.includes("herons"), items];
  },
  async tool() {
    const input = 'What is the weather? [tool:get_weather {"city": "Seoul"}]';
    const first = await ann.responses.create({ model, input, tools });
    const [call] = first.output.filter((item) => item.type === "function_call");
    const result = { type: "function_call_output", call_id: call.call_id, output: "Sunny." };
    const next = { model, input: [result], tools, previous_response_id: first.id };
    const last = await ann.responses.create(next);
    return [call.name, JSON.parse(call.arguments), last.output_text];
  },
  async errors() {
    const create = (body) => () => ann.responses.create({ model, input: "hi", ...body });
    return [
      await error(create({ model: "gpt-2" })),
      await error(create({ previous_response_id: "resp_0" })),
      await error(create({ input: undefined })),
    ];
  },
  async isolated() {
    const { id } = await ann.responses.create({ model, input: "My bird is a heron." });
    const chained = { model, input: "[echo]", previous_response_id: id };
    return [
      await error(() => bob.responses.retrieve(id)),
      await error(() => bob.responses.create(chained)),
    ];
  },
};

const told = {};
for (const [name, check] of Object.entries(checks)) told[name] = await check();
process.stdout.write(JSON.stringify(told));
