/** A session: its replay on one timeline, and its story. */
import { computed } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { get, getUpTo } from "../../data/api.ts";
import { EventFeed } from "../../data/event-feed.ts";
import { useClosable, useLoaded } from "../../data/loaded.ts";
import type { Approval, Handoff, Run, Session, SessionAnswer } from "../../data/records.ts";
import { count } from "../../data/words.ts";
import { EventPanel } from "../../parts/event-panel.tsx";
import { clock, duration, shortId } from "../../parts/format.ts";
import { useKeys } from "../../parts/keyboard.ts";
import { AgentLink, Errors, Fact, Facts, Head, Status } from "../../parts/pieces.tsx";
import { place, sessionAddress, setQuery } from "../../parts/router.ts";
import { Loading, Problem, Shown } from "../../parts/states.tsx";
import { tookOf } from "../../replay/times.ts";
import { PendingApproval } from "../guardrails/pending.tsx";
import { Chart } from "./chart.tsx";
import { Controls } from "./controls.tsx";
import { EventList } from "./list.tsx";
import { Player } from "./player.ts";
import { StoryPanel } from "./story-panel.tsx";

const MOST = 100_000;
const LIST_PAGE = 1_000;

function SessionHead({ session }: { session: Session }) {
  const { counts } = session;
  return (
    <>
      <Head title={session.input_summary || `Session ${shortId(session.id)}`}>
        <Status status={session.status} />
      </Head>
      <Facts label="The session">
        <Fact name="Output">{session.output_summary}</Fact>
        <Fact name="Kind">{session.kind.replaceAll("_", " ")}</Fact>
        <Fact name="Agents">
          {session.agents.map((agent, index) => (
            <span key={agent}>
              {index === 0 ? "" : ", "}
              <AgentLink agent={agent} />
            </span>
          ))}
        </Fact>
        <Fact name="Started">{clock(session.started_at)}</Fact>
        <Fact name="Took">{duration(tookOf(session))}</Fact>
        <Fact name="Runs">
          {count(counts.runs)}
          {counts.running > 0 ? `, ${counts.running} running` : ""}
          {counts.failed > 0 ? `, ${counts.failed} failed` : ""}
        </Fact>
        <Fact name="Events">{count(counts.events)}</Fact>
        <Fact name="Tokens">
          {counts.tokens.input + counts.tokens.output === 0
            ? ""
            : `${count(counts.tokens.input)} → ${count(counts.tokens.output)}`}
        </Fact>
        <Fact name="Failures">
          <Errors counts={counts} />
        </Fact>
        <Fact name="Environment">{session.environment}</Fact>
        <Fact name="Id">
          <code>{session.id}</code>
        </Fact>
      </Facts>
    </>
  );
}

function Tabs({ shown }: { shown: "replay" | "story" }) {
  return (
    <div class="tabs" role="tablist" aria-label="Ways to look at the session">
      {(["replay", "story"] as const).map((name) => (
        <button
          key={name}
          type="button"
          role="tab"
          aria-selected={shown === name}
          onClick={() =>
            setQuery(name === "story" ? { view: name, at: undefined } : { view: undefined }, "push")
          }
        >
          {name === "replay" ? "Replay" : "Story"}
        </button>
      ))}
    </div>
  );
}

function Replay({ player, session, feed }: { player: Player; session: Session; feed: EventFeed }) {
  const current = player.current.value;
  useKeys({
    " ": () => player.toggle(),
    ArrowRight: () => player.step(1),
    ArrowLeft: () => player.step(-1),
    Home: () => player.goToIndex(0),
    End: () => player.goToIndex(player.shown.value.length - 1),
    Escape: () => player.goTo(undefined),
  });
  if (player.lines.value.length === 0 && !feed.isLoaded.value) {
    const error = feed.error.value;
    return error === undefined ? (
      <Loading what="the events" />
    ) : (
      <Problem error={error} retry={() => void feed.read()} />
    );
  }
  return (
    <>
      <Controls player={player} isRunning={session.status === "running"} />
      <Chart player={player} />
      {feed.isLoaded.value ? null : (
        <p class="note" role="status">
          {count(player.lines.value.length)} of {count(session.counts.events)} events read…
        </p>
      )}
      <div class={`split${current === undefined ? "" : " is-open"}`}>
        <EventList player={player} sessionId={session.id} />
        {current === undefined ? null : (
          <EventPanel
            line={current}
            address={sessionAddress(session.id, current.event_id)}
            onClose={() => player.goTo(undefined)}
          />
        )}
      </div>
    </>
  );
}

export function SessionView({ id }: { id: string }) {
  const path = `/api/sessions/${encodeURIComponent(id)}`;
  const session = useLoaded(
    (signal) => get<SessionAnswer>(path, {}, signal),
    (change) => change.kind === "session" && change.id === id,
    [id],
  );
  const runs = useLoaded(
    async (signal) => (await getUpTo<Run>(`${path}/runs`, MOST, LIST_PAGE, {}, signal)).items,
    (change) => change.kind === "run" && (change.session_id === id || change.session_id == null),
    [id],
  );
  const handoffs = useLoaded(
    async (signal) => (await getUpTo<Handoff>(`${path}/handoffs`, MOST, LIST_PAGE, {}, signal)).items,
    (change) => change.kind === "handoff" && change.session_id === id,
    [id],
  );
  const waiting = useLoaded(
    (signal) => getUpTo<Approval>("/api/approvals", 500, 500, { status: "pending" }, signal),
    (change) => change.kind === "approval",
    [id],
  );
  const feed = useClosable(() => new EventFeed({ session: id }), [id]);
  const player = useClosable(
    () =>
      new Player(
        {
          lines: feed.lines,
          runs: computed(() => runs.data.value ?? []),
          handoffs: computed(() => handoffs.data.value ?? []),
        },
        place.peek().query,
      ),
    [feed],
  );
  const pending = useMemo(
    () => (waiting.data.value?.items ?? []).filter(({ session_id }) => session_id === id),
    [waiting.data.value, id],
  );
  const shown =
    place.value.query.get("view") === "story" && !place.value.query.has("at") ? "story" : "replay";
  useEffect(() => {
    if (shown === "story") player.isPlaying.value = false;
  }, [shown, player]);
  return (
    <Shown loaded={session} what="the session">
      {({ session: found }) => (
        <>
          <SessionHead session={found} />
          {pending.map((approval) => (
            <PendingApproval key={approval.id} approval={approval} />
          ))}
          <Tabs shown={shown} />
          {shown === "story" ? (
            <StoryPanel player={player} session={found} isLoaded={feed.isLoaded.value} />
          ) : (
            <Replay player={player} session={found} feed={feed} />
          )}
        </>
      )}
    </Shown>
  );
}
