// What OpenAI's JavaScript client makes of a server, as JSON; the same as openai_python.py. The
// package is taken from the folder that this runs in.
//
//     node openai_node.mjs BASE_URL ANN_KEY BOB_KEY
import { createRequire } from "node:module";

const OpenAI = createRequire(`${process.cwd()}/`)("openai");

const [baseURL, ...keys] = process.argv.slice(2);
const [ann, bob] = keys.map((apiKey) => new OpenAI({ baseURL, apiKey }));
const model = "frontdesk";
const user = (content) => [{ role: "user", content }];
const weather = {
  type: "function",
  function: {
    name: "get_weather",
    description: "Tells the weather.",
    parameters: {
      type: "object",
      properties: { city: { type: "string" } },
      required: ["city"],
    },
  },
};
const asked = user('What is the weather? [tool:get_weather {"city": "Seoul"}]');

async function error(call) {
  try {
    await call();
  } catch (found) {
    return [found.constructor.name, found.status, found.code ?? null];
  }
  return ["none"];
}

const checks = {
  async models() {
    const names = [];
    for await (const each of ann.models.list()) names.push(each.id);
    return names;
  },
  async answer() {
    const got = await ann.chat.completions.create({ model, messages: user("안녕하세요 🙂") });
    const [choice] = got.choices;
    return [choice.message.role, choice.message.content, choice.finish_reason, got.model];
  },
  async stream() {
    const messages = user("[long:100] [slow:0.01]");
    let text = "", pieces = 0;
    const reasons = [];
    for await (const chunk of await ann.chat.completions.create({ model, messages, stream: true })) {
      const [choice] = chunk.choices;
      if (choice.delta.content) pieces += 1;
      text += choice.delta.content ?? "";
      if (choice.finish_reason) reasons.push(choice.finish_reason);
    }
    return [text.split(" ").at(-1), pieces > 1, reasons];
  },
  async turns() {
    const messages = [
      ...user("I like herons."), { role: "assistant", content: "So do I." }, ...user("[echo]"),
    ];
    const got = await ann.chat.completions.create({ model, messages });
    return got.choices[0].message.content;
  },
  async tool() {
    const tools = [weather];
    const [choice] = (await ann.chat.completions.create({ model, messages: asked, tools })).choices;
    const [call] = choice.message.tool_calls;
    const result = { role: "tool", tool_call_id: call.id, content: "Sunny." };
    const messages = [...asked, choice.message, result];
    const last = await ann.chat.completions.create({ model, messages, tools });
    const told = [choice.finish_reason, call.function.name, JSON.parse(call.function.arguments)];
    return [...told, last.choices[0].message.content];
  },
  async tool_stream() {
    const stream = ann.chat.completions.stream({ model, messages: asked, tools: [weather] });
    const got = await stream.finalChatCompletion();
    const calls = got.choices[0].message.tool_calls;
    return [calls.map((each) => each.function.name), JSON.parse(calls[0].function.arguments)];
  },
  async errors() {
    const stranger = ann.withOptions({ apiKey: "fd_wrong" });
    const once = ann.withOptions({ maxRetries: 0 });
    const create = (body) => () => once.chat.completions.create({ model, ...body });
    const result = { role: "tool", tool_call_id: "call_1", content: "" };
    return [
      await error(() => stranger.models.list()),
      await error(create({ model: "gpt-2", messages: user("hi") })),
      await error(create({ messages: [...user("hi"), result] })),
      await error(create({ messages: user("hi [429:60]") })),
      await error(create({ messages: user("hi [429:60]"), stream: true })),
      await error(() => ann.embeddings.create({ model, input: "hi" })),
    ];
  },
  async isolated() {
    const headers = { "X-Frontdesk-Session": "main" };
    const body = (text) => [{ model, messages: user(text) }, { headers }];
    await ann.chat.completions.create(...body("My bird is a heron."));
    const got = await bob.chat.completions.create(...body("[echo]"));
    return [got.choices[0].message.content];
  },
};

const told = {};
for (const [name, check] of Object.entries(checks)) told[name] = await check();
process.stdout.write(JSON.stringify(told));
