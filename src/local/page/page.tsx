/** The frame: navigation, the state of the connection, the view that the address names. */
import { useEffect } from "preact/hooks";
import { getUpTo } from "./data/api.ts";
import { isKeyWanted, key } from "./data/key.ts";
import { connection } from "./data/live.ts";
import { useLoaded } from "./data/loaded.ts";
import type { Approval } from "./data/records.ts";
import { KeyForm } from "./key-form.tsx";
import { useKeys } from "./parts/keyboard.ts";
import { place } from "./parts/router.ts";
import { Empty } from "./parts/states.tsx";
import { AgentView } from "./views/agents/agent.tsx";
import { AgentsView } from "./views/agents/agents.tsx";
import { EventsView } from "./views/events/events.tsx";
import { GuardrailsView } from "./views/guardrails/guardrails.tsx";
import { RunView } from "./views/run/run.tsx";
import { RunsView } from "./views/run/runs.tsx";
import { SessionView } from "./views/session/session.tsx";
import { SessionsView } from "./views/sessions/sessions.tsx";
import { TraceView } from "./views/trace/trace.tsx";

type View = (props: { id: string }) => preact.JSX.Element;

const VIEWS: readonly { readonly pattern: RegExp; readonly title: string; readonly View: View }[] = [
  { pattern: /^\/sessions\/?$/, title: "Sessions", View: SessionsView },
  { pattern: /^\/sessions\/([^/]+)$/, title: "Session", View: SessionView },
  { pattern: /^\/runs\/?$/, title: "Runs", View: RunsView },
  { pattern: /^\/runs\/([^/]+)$/, title: "Run", View: RunView },
  { pattern: /^\/events\/?$/, title: "Events", View: EventsView },
  { pattern: /^\/agents\/?$/, title: "Agents", View: AgentsView },
  { pattern: /^\/agents\/([^/]+)$/, title: "Agent", View: AgentView },
  { pattern: /^\/guardrails\/?$/, title: "Guardrails", View: GuardrailsView },
  { pattern: /^\/traces\/([^/]+)$/, title: "Trace", View: TraceView },
];

const NAVIGATION = ["sessions", "runs", "events", "agents", "guardrails"] as const;

const CONNECTION = {
  connecting: "Connecting…",
  live: "Live",
  lost: "Not connected; trying again",
  locked: "Waits for the key",
} as const;

/** Of an address that was written by hand, it may be broken. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function Pending() {
  const pending = useLoaded(
    (signal) => getUpTo<Approval>("/api/approvals", 100, 100, { status: "pending" }, signal),
    (change) => change.kind === "approval",
    [key.value],
  );
  const count = pending.data.value?.items.length ?? 0;
  if (count === 0) return null;
  return (
    <span class="badge" title={`${count} waiting for a decision`}>
      {count}
      <span class="hidden"> waiting for a decision</span>
    </span>
  );
}

function Navigation({ path }: { path: string }) {
  return (
    <nav aria-label="Views">
      {NAVIGATION.map((name) => (
        <a key={name} href={`/${name}`} aria-current={path.startsWith(`/${name}`) ? "page" : undefined}>
          {name}
          {name === "guardrails" ? <Pending /> : null}
        </a>
      ))}
    </nav>
  );
}

function NoView() {
  return (
    <Empty title="There is nothing at this address.">
      <p>
        Go to <a href="/sessions">the sessions</a>.
      </p>
    </Empty>
  );
}

export function Page() {
  const { path } = place.value;
  const found = VIEWS.map((view) => ({ ...view, match: view.pattern.exec(path) })).find(({ match }) => match);
  const id = decoded(found?.match?.[1] ?? "");
  const title = found?.title ?? "Nothing here";
  const state = isKeyWanted.value ? "locked" : connection.value;
  useEffect(() => {
    document.title = `${title}${id === "" ? "" : ` ${id}`} · Local Apie`;
  }, [title, id]);
  useKeys({ "/": () => document.querySelector<HTMLElement>("[data-search]")?.focus() });
  return (
    <>
      <button type="button" class="skip" onClick={() => document.getElementById("main")?.focus()}>
        Skip to the view
      </button>
      <div class="top">
        <a class="brand" href="/sessions">
          <span class="mark" aria-hidden="true" />
          Local Apie
        </a>
        <Navigation path={path} />
        <span class={`connection is-${state}`} role="status">
          <span class="dot" aria-hidden="true" />
          <span class="words">{CONNECTION[state]}</span>
        </span>
      </div>
      <main id="main" tabIndex={-1}>
        {isKeyWanted.value ? (
          <KeyForm />
        ) : found === undefined ? (
          <NoView />
        ) : (
          <found.View key={`${path} ${key.value}`} id={id} />
        )}
      </main>
    </>
  );
}
