/** apie-otel/integrations: what ties the bridge to libraries the application has. None of them is a dependency. */

export type { SessionStore } from "../config/index.ts";
export { type GenerationInput, guardAiSdkTools, withVercelAiGeneration } from "./ai-sdk.ts";
export type { GuardedToolOptions, ToolDescription } from "./described.ts";
export { guardLangChainTools } from "./langchain.ts";
export {
  type ModelToolCall,
  type ToolCallInput,
  withAnthropicToolCall,
  withOpenAIToolCall,
  withToolCallGuard,
} from "./llm-tool-calls.ts";
export { type AgentToolOptions, guardAgentTools } from "./openai-agents.ts";
export {
  type IoRedisLike,
  type NodeRedisLike,
  type RedisSessionStoreOptions,
  redisSessionStore,
} from "./redis-session-store.ts";
