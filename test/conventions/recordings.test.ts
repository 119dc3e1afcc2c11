/**
 * What spans of published libraries are read as, when they start and when they have ended: kind, agent, model, provider, usage
 * (input/output/total/cached/reasoning), finish reason, tool, session, user, error.
 */
import { describe, expect, test } from "vitest";
import { ConventionReader } from "../../src/conventions/index.ts";
import { recorded, told } from "./recorded.ts";

type Row = readonly [name: string, atStart: string, atEnd: string];

/** At the end "=" stands for what was known at the start already; "-" is a span that no convention knows. */
const RECORDINGS: Readonly<Record<string, readonly Row[]>> = {
  "ai-sdk-v5/llm_429_retries": [
    [
      "ai.generateText",
      "run agent=e429 session=sess-42 user=user-7",
      "run agent=e429 session=sess-42 user=user-7 error=AI_RetryError|Failed after 3 attempts. Last error: Rate limit reached for fake-model (fake)",
    ],
    [
      "ai.generateText.doGenerate",
      "llm op=chat provider=openai model=fail-429 session=sess-42 user=user-7",
      "llm op=chat provider=openai model=fail-429 session=sess-42 user=user-7 error=AI_APICallError|Rate limit reached for fake-model (fake)",
    ],
    [
      "ai.generateText.doGenerate",
      "llm op=chat provider=openai model=fail-429 session=sess-42 user=user-7",
      "llm op=chat provider=openai model=fail-429 session=sess-42 user=user-7 error=AI_APICallError|Rate limit reached for fake-model (fake)",
    ],
    [
      "ai.generateText.doGenerate",
      "llm op=chat provider=openai model=fail-429 session=sess-42 user=user-7",
      "llm op=chat provider=openai model=fail-429 session=sess-42 user=user-7 error=AI_APICallError|Rate limit reached for fake-model (fake)",
    ],
  ],
  "ai-sdk-v5/stream": [
    ["ai.streamText", "run agent=stream-fn session=sess-42 user=user-7", "="],
    [
      "ai.streamText.doStream",
      "llm op=chat provider=openai model=gpt-4o-mini stream=true session=sess-42 user=user-7",
      "llm op=chat provider=openai model=gpt-4o-mini answered=gpt-4o-mini-2025-01-01 stream=true finish=stop usage=21/9/30/4/2 ttft=true session=sess-42 user=user-7",
    ],
  ],
  "ai-sdk-v5/tool_loop": [
    ["ai.generateText", "run agent=tool-loop session=sess-42 user=user-7", "="],
    [
      "ai.generateText.doGenerate",
      "llm op=chat provider=openai model=gpt-4o-mini session=sess-42 user=user-7",
      "llm op=chat provider=openai model=gpt-4o-mini answered=gpt-4o-mini-2025-01-01 finish=tool_call usage=21/9/// session=sess-42 user=user-7",
    ],
    ["ai.toolCall", "tool tool=get_weather|call_fake0001 session=sess-42 user=user-7", "="],
    [
      "ai.generateText.doGenerate",
      "llm op=chat provider=openai model=gpt-4o-mini session=sess-42 user=user-7",
      "llm op=chat provider=openai model=gpt-4o-mini answered=gpt-4o-mini-2025-01-01 finish=tool_call usage=23/9/// session=sess-42 user=user-7",
    ],
    ["ai.toolCall", "tool tool=add|call_fake0003 session=sess-42 user=user-7", "="],
    [
      "ai.generateText.doGenerate",
      "llm op=chat provider=openai model=gpt-4o-mini session=sess-42 user=user-7",
      "llm op=chat provider=openai model=gpt-4o-mini answered=gpt-4o-mini-2025-01-01 finish=stop usage=25/9/// session=sess-42 user=user-7",
    ],
  ],
  "ai-sdk-v6/embed": [
    ["ai.embed", "none session=sess-42 user=user-7", "="],
    [
      "ai.embed.doEmbed",
      "embedding op=embeddings provider=openai model=text-embedding-3-small session=sess-42 user=user-7",
      "embedding op=embeddings provider=openai model=text-embedding-3-small usage=5//// session=sess-42 user=user-7",
    ],
  ],
  "ai-sdk-v6/nested_agent_as_tool": [
    ["ai.generateText", "run agent=planner-agent session=sess-42 user=user-7", "="],
    [
      "ai.generateText.doGenerate",
      "llm op=chat provider=openai model=gpt-4o-mini session=sess-42 user=user-7",
      "llm op=chat provider=openai model=gpt-4o-mini answered=gpt-4o-mini-2025-01-01 finish=tool_call usage=21/9/30/4/2 session=sess-42 user=user-7",
    ],
    ["ai.toolCall", "tool tool=ask_researcher|call_fake0001 session=sess-42 user=user-7", "="],
    ["ai.generateText", "run agent=research-agent session=sess-42 user=user-7", "="],
    [
      "ai.generateText.doGenerate",
      "llm op=chat provider=openai model=gpt-4o-mini session=sess-42 user=user-7",
      "llm op=chat provider=openai model=gpt-4o-mini answered=gpt-4o-mini-2025-01-01 finish=tool_call usage=21/9/30/4/2 session=sess-42 user=user-7",
    ],
    ["ai.toolCall", "tool tool=get_weather|call_fake0003 session=sess-42 user=user-7", "="],
    [
      "ai.generateText.doGenerate",
      "llm op=chat provider=openai model=gpt-4o-mini session=sess-42 user=user-7",
      "llm op=chat provider=openai model=gpt-4o-mini answered=gpt-4o-mini-2025-01-01 finish=tool_call usage=23/9/32/4/2 session=sess-42 user=user-7",
    ],
    ["ai.toolCall", "tool tool=add|call_fake0005 session=sess-42 user=user-7", "="],
    [
      "ai.generateText.doGenerate",
      "llm op=chat provider=openai model=gpt-4o-mini session=sess-42 user=user-7",
      "llm op=chat provider=openai model=gpt-4o-mini answered=gpt-4o-mini-2025-01-01 finish=stop usage=25/9/34/4/2 session=sess-42 user=user-7",
    ],
    [
      "ai.generateText.doGenerate",
      "llm op=chat provider=openai model=gpt-4o-mini session=sess-42 user=user-7",
      "llm op=chat provider=openai model=gpt-4o-mini answered=gpt-4o-mini-2025-01-01 finish=stop usage=23/9/32/4/2 session=sess-42 user=user-7",
    ],
  ],
  "ai-sdk-v6/object": [
    ["ai.generateObject", "run agent=obj session=sess-42 user=user-7", "="],
    [
      "ai.generateObject.doGenerate",
      "llm op=chat provider=openai model=gpt-4o-mini session=sess-42 user=user-7",
      "llm op=chat provider=openai model=gpt-4o-mini answered=gpt-4o-mini-2025-01-01 finish=stop usage=21/9/// session=sess-42 user=user-7",
    ],
  ],
  "ai-sdk-v6/plain_no_content": [
    ["ai.generateText", "run", "="],
    [
      "ai.generateText.doGenerate",
      "llm op=chat provider=openai model=gpt-4o-mini",
      "llm op=chat provider=openai model=gpt-4o-mini answered=gpt-4o-mini-2025-01-01 finish=stop usage=21/9/30/4/2",
    ],
  ],
  "ai-sdk-v6/plain_responses": [
    ["ai.generateText", "run agent=plain-resp session=sess-42 user=user-7", "="],
    [
      "ai.generateText.doGenerate",
      "llm op=chat provider=openai model=gpt-4o-mini session=sess-42 user=user-7",
      "llm op=chat provider=openai model=gpt-4o-mini answered=gpt-4o-mini-2025-01-01 finish=stop usage=21/9/30/4/2 session=sess-42 user=user-7",
    ],
  ],
  "ai-sdk-v6/stream": [
    ["ai.streamText", "run agent=stream-fn session=sess-42 user=user-7", "="],
    [
      "ai.streamText.doStream",
      "llm op=chat provider=openai model=gpt-4o-mini stream=true session=sess-42 user=user-7",
      "llm op=chat provider=openai model=gpt-4o-mini answered=gpt-4o-mini-2025-01-01 stream=true finish=stop usage=21/9/30/4/2 ttft=true session=sess-42 user=user-7",
    ],
  ],
  "ai-sdk-v6/stream_abandoned": [
    ["ai.streamText", "run agent=stream-abort session=sess-42 user=user-7", "="],
    [
      "ai.streamText.doStream",
      "llm op=chat provider=openai model=gpt-4o-mini stream=true session=sess-42 user=user-7",
      "never ends",
    ],
  ],
  "ai-sdk-v6/tool_fails": [
    ["ai.generateText", "run agent=tool-fails session=sess-42 user=user-7", "="],
    [
      "ai.generateText.doGenerate",
      "llm op=chat provider=openai model=gpt-4o-mini session=sess-42 user=user-7",
      "llm op=chat provider=openai model=gpt-4o-mini answered=gpt-4o-mini-2025-01-01 finish=tool_call usage=21/9/30/4/2 session=sess-42 user=user-7",
    ],
    [
      "ai.toolCall",
      "tool tool=flaky_lookup|call_fake0001 session=sess-42 user=user-7",
      "tool tool=flaky_lookup|call_fake0001 session=sess-42 user=user-7 error=TypeError|lookup backend is down",
    ],
    [
      "ai.generateText.doGenerate",
      "llm op=chat provider=openai model=gpt-4o-mini session=sess-42 user=user-7",
      "llm op=chat provider=openai model=gpt-4o-mini answered=gpt-4o-mini-2025-01-01 finish=stop usage=23/9/32/4/2 session=sess-42 user=user-7",
    ],
  ],
  "ai-sdk-v6/tool_loop": [
    ["ai.generateText", "run agent=tool-loop session=sess-42 user=user-7", "="],
    [
      "ai.generateText.doGenerate",
      "llm op=chat provider=openai model=gpt-4o-mini session=sess-42 user=user-7",
      "llm op=chat provider=openai model=gpt-4o-mini answered=gpt-4o-mini-2025-01-01 finish=tool_call usage=21/9/30/4/2 session=sess-42 user=user-7",
    ],
    ["ai.toolCall", "tool tool=get_weather|call_fake0001 session=sess-42 user=user-7", "="],
    [
      "ai.generateText.doGenerate",
      "llm op=chat provider=openai model=gpt-4o-mini session=sess-42 user=user-7",
      "llm op=chat provider=openai model=gpt-4o-mini answered=gpt-4o-mini-2025-01-01 finish=tool_call usage=23/9/32/4/2 session=sess-42 user=user-7",
    ],
    ["ai.toolCall", "tool tool=add|call_fake0003 session=sess-42 user=user-7", "="],
    [
      "ai.generateText.doGenerate",
      "llm op=chat provider=openai model=gpt-4o-mini session=sess-42 user=user-7",
      "llm op=chat provider=openai model=gpt-4o-mini answered=gpt-4o-mini-2025-01-01 finish=stop usage=25/9/34/4/2 session=sess-42 user=user-7",
    ],
  ],
  "ai-sdk-v7/embed": [
    [
      "embeddings text-embedding-3-small",
      "embedding op=embeddings provider=openai model=text-embedding-3-small",
      "=",
    ],
    [
      "embeddings text-embedding-3-small",
      "embedding op=embeddings provider=openai model=text-embedding-3-small",
      "embedding op=embeddings provider=openai model=text-embedding-3-small usage=5////",
    ],
  ],
  "ai-sdk-v7/plain_responses": [
    ["invoke_agent gpt-4o-mini", "run agent=plain-resp", "="],
    ["step 1", "-", "="],
    [
      "chat gpt-4o-mini",
      "llm op=chat provider=openai model=gpt-4o-mini",
      "llm op=chat provider=openai model=gpt-4o-mini answered=gpt-4o-mini-2025-01-01 finish=stop usage=21/9//4/",
    ],
  ],
  "ai-sdk-v7/plain_supplemental_runtime_context": [
    ["invoke_agent supp-fn", "run agent=supp-fn session=sess-42 user=user-7", "="],
    ["step 1", "-", "="],
    [
      "chat gpt-4o-mini",
      "llm op=chat provider=openai model=gpt-4o-mini",
      "llm op=chat provider=openai model=gpt-4o-mini answered=gpt-4o-mini-2025-01-01 finish=tool_call usage=21/9//4/2",
    ],
    ["execute_tool get_weather", "tool tool=get_weather|function|call_fake0001", "="],
    ["step 2", "-", "="],
    [
      "chat gpt-4o-mini",
      "llm op=chat provider=openai model=gpt-4o-mini",
      "llm op=chat provider=openai model=gpt-4o-mini answered=gpt-4o-mini-2025-01-01 finish=tool_call usage=23/9//4/2",
    ],
    ["execute_tool add", "tool tool=add|function|call_fake0003", "="],
    ["step 3", "-", "="],
    [
      "chat gpt-4o-mini",
      "llm op=chat provider=openai model=gpt-4o-mini",
      "llm op=chat provider=openai model=gpt-4o-mini answered=gpt-4o-mini-2025-01-01 finish=stop usage=25/9//4/2",
    ],
  ],
  "ai-sdk-v7/stream": [
    ["invoke_agent gpt-4o-mini", "run agent=stream-fn", "="],
    ["step 1", "-", "="],
    [
      "chat gpt-4o-mini",
      "llm op=chat provider=openai model=gpt-4o-mini",
      "llm op=chat provider=openai model=gpt-4o-mini answered=gpt-4o-mini-2025-01-01 finish=stop usage=21/9//4/ ttft=true",
    ],
  ],
  "ai-sdk-v7/stream_500": [
    [
      "invoke_agent fail-500",
      "run agent=e500s",
      "run agent=e500s error=AI_APICallError|The server had an error while processing your request (fake)",
    ],
    ["step 1", "-", "="],
    [
      "chat fail-500",
      "llm op=chat provider=openai model=fail-500",
      "llm op=chat provider=openai model=fail-500 error=AI_APICallError|The server had an error while processing your request (fake)",
    ],
  ],
  "ai-sdk-v7/stream_abandoned": [
    ["invoke_agent gpt-4o-mini", "run agent=stream-abort", "="],
    ["step 1", "-", "="],
    ["chat gpt-4o-mini", "llm op=chat provider=openai model=gpt-4o-mini", "="],
  ],
  "ai-sdk-v7/tool_loop": [
    ["invoke_agent gpt-4o-mini", "run agent=tool-loop", "="],
    ["step 1", "-", "="],
    [
      "chat gpt-4o-mini",
      "llm op=chat provider=openai model=gpt-4o-mini",
      "llm op=chat provider=openai model=gpt-4o-mini answered=gpt-4o-mini-2025-01-01 finish=tool_call usage=21/9//4/",
    ],
    ["execute_tool get_weather", "tool tool=get_weather|function|call_fake0001", "="],
    ["step 2", "-", "="],
    [
      "chat gpt-4o-mini",
      "llm op=chat provider=openai model=gpt-4o-mini",
      "llm op=chat provider=openai model=gpt-4o-mini answered=gpt-4o-mini-2025-01-01 finish=tool_call usage=23/9//4/",
    ],
    ["execute_tool add", "tool tool=add|function|call_fake0003", "="],
    ["step 3", "-", "="],
    [
      "chat gpt-4o-mini",
      "llm op=chat provider=openai model=gpt-4o-mini",
      "llm op=chat provider=openai model=gpt-4o-mini answered=gpt-4o-mini-2025-01-01 finish=stop usage=25/9//4/",
    ],
  ],
  "ai-sdk-v7/tool_loop_parallel_in_app_span": [
    ["POST /chat", "-", "="],
    ["invoke_agent gpt-4o-mini", "run agent=tool-par", "="],
    ["step 1", "-", "="],
    [
      "chat gpt-4o-mini",
      "llm op=chat provider=openai model=gpt-4o-mini",
      "llm op=chat provider=openai model=gpt-4o-mini answered=gpt-4o-mini-2025-01-01 finish=tool_call usage=21/9//4/",
    ],
    ["execute_tool get_weather", "tool tool=get_weather|function|call_fake0001", "="],
    ["execute_tool add", "tool tool=add|function|call_fake0002", "="],
    ["step 2", "-", "="],
    [
      "chat gpt-4o-mini",
      "llm op=chat provider=openai model=gpt-4o-mini",
      "llm op=chat provider=openai model=gpt-4o-mini answered=gpt-4o-mini-2025-01-01 finish=stop usage=24/9//4/",
    ],
  ],
  "openinference-mcp/stdio_in_agent_span": [
    ["invoke_agent trip", "run agent=trip", "="],
    ["execute_tool get_weather", "tool tool=get_weather|call_1", "="],
  ],
  "otel-instrumentation-openai/embeddings": [
    [
      "embeddings text-embedding-3-small",
      "embedding op=embeddings provider=openai model=text-embedding-3-small",
      "embedding op=embeddings provider=openai model=text-embedding-3-small answered=text-embedding-3-small usage=5////",
    ],
  ],
  "otel-instrumentation-openai/llm_429_retries": [
    [
      "chat fail-429",
      "llm op=chat provider=openai model=fail-429",
      "llm op=chat provider=openai model=fail-429 error=RateLimitError|429 Rate limit reached for fake-model (fake)",
    ],
  ],
  "otel-instrumentation-openai/plain": [
    [
      "chat gpt-4o-mini",
      "llm op=chat provider=openai model=gpt-4o-mini",
      "llm op=chat provider=openai model=gpt-4o-mini answered=gpt-4o-mini-2025-01-01 finish=stop usage=22/9///",
    ],
  ],
  "otel-instrumentation-openai/responses": [
    [
      "chat gpt-4o-mini",
      "llm op=chat provider=openai model=gpt-4o-mini",
      "llm op=chat provider=openai model=gpt-4o-mini answered=gpt-4o-mini-2025-01-01 finish=stop usage=21/9///",
    ],
  ],
  "otel-instrumentation-openai/stream": [
    [
      "chat gpt-4o-mini",
      "llm op=chat provider=openai model=gpt-4o-mini",
      "llm op=chat provider=openai model=gpt-4o-mini answered=gpt-4o-mini-2025-01-01 finish=stop usage=21/9///",
    ],
  ],
  "otel-instrumentation-openai/stream_abandoned": [
    ["chat gpt-4o-mini", "llm op=chat provider=openai model=gpt-4o-mini", "never ends"],
  ],
  "otel-instrumentation-openai/stream_no_usage": [
    [
      "chat gpt-4o-mini",
      "llm op=chat provider=openai model=gpt-4o-mini",
      "llm op=chat provider=openai model=gpt-4o-mini answered=gpt-4o-mini-2025-01-01 finish=stop",
    ],
  ],
  "otel-instrumentation-openai/tool_loop_in_agent_span": [
    ["my-agent", "run agent=my-agent session=sess-42", "="],
    [
      "chat gpt-4o-mini",
      "llm op=chat provider=openai model=gpt-4o-mini",
      "llm op=chat provider=openai model=gpt-4o-mini answered=gpt-4o-mini-2025-01-01 finish=tool_call usage=22/9///",
    ],
    [
      "chat gpt-4o-mini",
      "llm op=chat provider=openai model=gpt-4o-mini",
      "llm op=chat provider=openai model=gpt-4o-mini answered=gpt-4o-mini-2025-01-01 finish=tool_call usage=24/9///",
    ],
    [
      "chat gpt-4o-mini",
      "llm op=chat provider=openai model=gpt-4o-mini",
      "llm op=chat provider=openai model=gpt-4o-mini answered=gpt-4o-mini-2025-01-01 finish=stop usage=26/9///",
    ],
  ],
};

const reader = new ConventionReader();

describe.each(Object.entries(RECORDINGS))("%s", (recording, rows) => {
  const spans = recorded(recording);

  test("is all there", () => {
    expect(spans.map(({ atStart }) => atStart.name)).toEqual(rows.map(([name]) => name));
  });

  test.each(rows.map((row, index) => ({ row, index })))(
    "$index $row.0",
    ({ row: [, atStart, atEnd], index }) => {
      const span = spans[index];
      if (span === undefined) throw new Error("no such span");
      expect(told(reader.read(span.atStart, "start"))).toBe(atStart);
      const ended = span.atEnd === undefined ? "never ends" : told(reader.read(span.atEnd, "end"));
      expect(ended).toBe(atEnd === "=" ? atStart : atEnd);
    },
  );
});
