/** Requests to models: from the events where these are stored, else from the messages of the assistant. */
import {
  ATTR_AGENT_LLM_PURPOSE,
  ATTR_GEN_AI_OPERATION_NAME,
  ATTR_GEN_AI_OUTPUT_MESSAGES,
  ATTR_GEN_AI_PROVIDER_NAME,
  ATTR_GEN_AI_REQUEST_MODEL,
} from "../../semconv/index.ts";
import { type Json, number, object, objects, text } from "../json.ts";
import type { Draft } from "../run-trace.ts";
import { type Attributes, KIND_CLIENT, type SpanFailure } from "../span.ts";
import { type Instant, microseconds } from "../timeline.ts";
import { type Building, bear, type Handlers, SECONDS, timeOf } from "./building.ts";
import { callUsage, durationUs, otherRoles } from "./metrics.ts";

interface OwnMessage {
  item: Json;
  index: number;
}

const CHAT = "chat";
const MAIN = "model";

/** Messages of the run itself: a forked run bears copies of those of the run it goes on from, and history those of others. */
export function ownMessages(run: Json): OwnMessage[] {
  const copied = number(run.forked_from_message_index) ?? 0;
  return objects(run.messages).filter(({ item, index }) => index >= copied && item.from_history !== true);
}

const isModelCall = ({ item }: OwnMessage): boolean =>
  item.role === "assistant" && (object(item.metrics) !== undefined || objects(item.tool_calls).length > 0);

/** As OpenTelemetry writes messages. Content. */
function outputOf(message: Json): string | undefined {
  const calls = objects(message.tool_calls).map(({ item }) => ({
    type: "tool_call",
    id: item.id,
    name: object(item.function)?.name,
    arguments: object(item.function)?.arguments,
  }));
  const said =
    message.content === undefined || message.content === null
      ? []
      : [{ type: "text", content: message.content }];
  const parts = [...said, ...calls];
  return parts.length === 0 ? undefined : JSON.stringify([{ role: "assistant", parts }]);
}

export class ModelCalls {
  readonly #building: Building;
  readonly #messages: OwnMessage[];
  readonly #open: { purpose: string; draft: Draft }[] = [];
  #count = 0;

  constructor(building: Building) {
    this.#building = building;
    this.#messages = ownMessages(building.run).filter(isModelCall);
  }

  readonly handlers: Handlers = {
    ModelRequestStarted: (event) => this.#started(event, MAIN),
    ModelRequestCompleted: (event) => this.#completed(event, MAIN),
    ParserModelResponseStarted: (event) => this.#started(event, "parser_model"),
    ParserModelResponseCompleted: (event) => this.#completed(event, "parser_model"),
    OutputModelResponseStarted: (event) => this.#started(event, "output_model"),
    OutputModelResponseCompleted: (event) => this.#completed(event, "output_model"),
  };

  /** Requests that the main model was sent. */
  get count(): number {
    return this.#count;
  }

  #started(event: Json, purpose: string): Draft {
    const draft = this.#begin(timeOf(this.#building, event), purpose, event);
    this.#open.push({ purpose, draft });
    return draft;
  }

  #completed(event: Json, purpose: string): Draft {
    const place = this.#open.findLastIndex((open) => open.purpose === purpose);
    const draft =
      place < 0
        ? this.#begin(timeOf(this.#building, event), purpose, event)
        : this.#open.splice(place, 1)[0]?.draft;
    if (draft === undefined) throw new Error("an open model call is gone");
    draft.attributes = { ...draft.attributes, ...this.#naming(event) };
    const message = purpose === MAIN ? this.#messages.shift() : undefined;
    const usage = callUsage(hasTokens(event) ? event : object(message?.item.metrics));
    draft.attributes = { ...draft.attributes, ...usage };
    if (message !== undefined) this.#say(draft, message);
    // The duration is exact where the seconds of the events are not.
    const begun = draft.start.us;
    const lasted = durationUs(object(message?.item.metrics));
    const ended = microseconds(event.created_at);
    const byDuration = lasted === undefined ? undefined : begun + lasted;
    draft.end = this.#building.trace.timeline.add(
      byDuration !== undefined && Number.isFinite(byDuration) ? Math.max(byDuration, ended ?? 0) : ended,
    );
    return draft;
  }

  /** What the model was asked when the run failed was not answered. */
  fail(at: Instant, failure: SpanFailure): void {
    for (const { draft } of this.#open.splice(0)) {
      draft.end = at;
      draft.failure = failure;
    }
  }

  /** A call that a message tells of. @returns it, and the ids of the tools it asked for. */
  fromMessage(message: OwnMessage): Draft | undefined {
    if (!isModelCall(message)) return undefined;
    const { timeline } = this.#building.trace;
    const began = microseconds(message.item.created_at);
    const draft = this.#begin(timeline.add(began), MAIN, {});
    draft.attributes = { ...draft.attributes, ...callUsage(object(message.item.metrics)) };
    this.#say(draft, message);
    const lasted = durationUs(object(message.item.metrics));
    draft.end = timeline.add(began === undefined || lasted === undefined ? undefined : began + lasted);
    return draft;
  }

  /** What models in other roles used: without times, so at the end of the run. */
  otherRoles(metrics: Json | undefined): void {
    // Alone they would look like all the run has used.
    if (this.#count === 0) return;
    const told = new Set(
      this.#building.trace.drafts.map(({ attributes }) => attributes[ATTR_AGENT_LLM_PURPOSE]),
    );
    for (const { role, usage } of otherRoles(metrics)) {
      if (told.has(role)) continue;
      const at = this.#building.trace.timeline.add(undefined);
      const draft = this.#begin(at, role, { model: usage.id, model_provider: usage.provider });
      draft.attributes = { ...draft.attributes, ...callUsage(usage) };
      draft.end = at;
    }
  }

  #begin(at: Instant, purpose: string, event: Json): Draft {
    const isMain = purpose === MAIN;
    const key = isMain ? `llm:${this.#count}` : `llm:${purpose}`;
    if (isMain) this.#count += 1;
    const naming = this.#naming(event);
    const model = naming[ATTR_GEN_AI_REQUEST_MODEL];
    return this.#building.trace.open({
      key,
      operation: "llm_call",
      name: model === undefined ? CHAT : `${CHAT} ${String(model)}`,
      kind: KIND_CLIENT,
      at,
      attributes: {
        ...SECONDS,
        [ATTR_GEN_AI_OPERATION_NAME]: CHAT,
        ...naming,
        [ATTR_AGENT_LLM_PURPOSE]: isMain ? undefined : purpose,
      },
    });
  }

  #naming(event: Json): Attributes {
    const { facts } = this.#building;
    return {
      [ATTR_GEN_AI_REQUEST_MODEL]: text(event.model) ?? facts.model,
      [ATTR_GEN_AI_PROVIDER_NAME]: (text(event.model_provider) ?? facts.provider)?.toLowerCase(),
    };
  }

  #say(draft: Draft, { item, index }: OwnMessage): void {
    draft.attributes = { ...draft.attributes, [ATTR_GEN_AI_OUTPUT_MESSAGES]: outputOf(item) };
    bear(this.#building, draft, "messages", index, item);
  }
}

const hasTokens = (event: Json): boolean =>
  number(event.input_tokens) !== undefined || number(event.output_tokens) !== undefined;
