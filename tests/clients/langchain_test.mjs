// The npm package @langchain/openai over @langchain/core.
import {equal, ok, rejects} from "node:assert/strict";
import {after, before, test} from "node:test";

import {client} from "./installed.mjs";
import {Server} from "./server.mjs";

const {ChatOpenAI, OpenAI, OpenAIEmbeddings} = client("@langchain/openai");
const {ChatPromptTemplate} = client("@langchain/core/prompts");
const {StringOutputParser} = client("@langchain/core/output_parsers");
const {HumanMessage, SystemMessage} = client("@langchain/core/messages");
const messages = [new SystemMessage("You are brief."), new HumanMessage("My name is Ada. Hello!")];
let server, settings;

before(async () => {
  server = await Server.start();
  settings = {model: "brim-demo", apiKey: "any", temperature: 0, maxTokens: 12, maxRetries: 0,
    configuration: {baseURL: `${server.url}/v1`}};
});
after(() => server?.stop());

test("a chat, whole and as a stream", async () => {
  const chat = new ChatOpenAI(settings);
  const whole = await chat.invoke(messages);
  ok(whole.content.length > 0);
  ok(whole.usage_metadata.output_tokens > 0);
  let sum;
  for await (const chunk of await chat.stream(messages)) sum = sum?.concat(chunk) ?? chunk;
  equal(sum.content, whole.content);
  equal(sum.usage_metadata.output_tokens, whole.usage_metadata.output_tokens);
  ok(["stop", "length"].includes(sum.response_metadata.finish_reason));
});

test("a chain, alone and as a batch", async () => {
  const prompt = ChatPromptTemplate.fromMessages([["system", "You are brief."], ["human", "My name is {name}. Hello!"]]);
  const chain = prompt.pipe(new ChatOpenAI(settings)).pipe(new StringOutputParser());
  const together = await chain.batch([{name: "Ada"}, {name: "Bob"}, {name: "Eve"}]);
  equal(together.length, 3);
  equal(await chain.invoke({name: "Bob"}), together[1]);
});

test("a completion", async () => {
  const text = await new OpenAI(settings).invoke("Once upon a time");
  const {choices} = await server.completion({prompt: "Once upon a time", temperature: 0, max_tokens: 12});
  equal(text, choices[0].text);
});

test("log-probabilities", async () => {
  const {response_metadata, content} = await new ChatOpenAI({...settings, logprobs: true, topLogprobs: 2}).invoke(messages);
  ok(response_metadata.logprobs.content.length > 0 && content.length > 0);
});

test("the interface of responses", async () => {
  const {content} = await new ChatOpenAI({...settings, useResponsesApi: true}).invoke(messages);
  const text = typeof content === "string" ? content : content.map((part) => part.text).join("");
  equal(text, (await new ChatOpenAI(settings).invoke(messages)).content);
});

test("embeddings", async () => {
  const embeddings = new OpenAIEmbeddings(settings);
  const vectors = await embeddings.embedDocuments(["the dog", "the cat"]);
  equal(vectors.length, 2);
  ok(Math.abs(Math.hypot(...vectors[1]) - 1) < 1e-4);
  equal((await embeddings.embedQuery("the dog")).length, vectors[0].length);
});

test("structured output and tools are refused by name", async () => {
  const schema = {title: "person", type: "object", properties: {name: {type: "string"}}, required: ["name"]};
  for (const method of ["jsonMode", "jsonSchema", "functionCalling"]) {
    await rejects(new ChatOpenAI(settings).withStructuredOutput(schema, {method}).invoke(messages), (failure) =>
      failure.status === 400 && /response_format|tools/.test(failure.message));
  }
});
