/** What the store knows about the runs, sessions and agents that a batch of events names, each looked up once. */
import { type DeclaredTool, declaredTools } from "../boundary.ts";
import type { Store } from "../store/index.ts";
import type { RunRow } from "../store/runs.ts";
import type { SessionRow } from "../store/sessions.ts";
import type { WireEvent } from "../wire/events.ts";

/** `find`, asked once per key. */
export function memo<T>(find: (key: string) => T): (key: string) => T {
  const found = new Map<string, T>();
  return (key) => {
    if (!found.has(key)) found.set(key, find(key));
    return found.get(key) as T;
  };
}

export interface EventContext {
  run(event: WireEvent): RunRow | undefined;
  session(event: WireEvent): SessionRow | undefined;
  /** What is odd about the event beside what is stored; none of it stops the event. */
  warnings(event: WireEvent): string[];
}

export function eventContext(store: Store): EventContext {
  const runOf = memo((id) => store.runs.byId(id));
  const sessionOf = memo((id) => store.sessions.byId(id));
  const toolsOf = memo((agentKey): ReadonlyMap<string, DeclaredTool> => {
    const agent = store.agents.byKey(agentKey);
    return agent === undefined ? new Map() : declaredTools(store, agent.id);
  });
  const run = ({ run_id }: WireEvent) => (run_id === undefined ? undefined : runOf(run_id));
  const session = ({ session_id }: WireEvent) =>
    session_id === undefined ? undefined : sessionOf(session_id);
  return {
    run,
    session,
    warnings(event) {
      const warnings: string[] = [];
      if (event.run_id !== undefined && run(event) === undefined) {
        warnings.push(`run ${event.run_id} was never opened here`);
      }
      if (event.session_id !== undefined && session(event) === undefined) {
        warnings.push(`session ${event.session_id} was never opened here`);
      }
      const tool = event.tool?.name;
      const declared = toolsOf(event.agent_key);
      // An agent that declares nothing has no boundary to leave.
      if (tool && declared.size > 0 && !declared.has(tool)) {
        warnings.push(`tool ${tool} is not declared by agent ${event.agent_key}`);
      }
      return warnings;
    },
  };
}
