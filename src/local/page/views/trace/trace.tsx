/** Any trace that came over OTLP, also one that is no run: an HTTP request, a session. */
import { get, getUpTo } from "../../data/api.ts";
import { useLoaded } from "../../data/loaded.ts";
import type { PageOf, Run, Span } from "../../data/records.ts";
import { plural } from "../../data/words.ts";
import { useKeys } from "../../parts/keyboard.ts";
import { Head } from "../../parts/pieces.tsx";
import { place, runAddress, setQuery } from "../../parts/router.ts";
import { Shown } from "../../parts/states.tsx";
import { agentNameOf } from "../../replay/lanes.ts";
import { SpanPanel } from "./span-panel.tsx";
import { Spans } from "./spans.tsx";

export const MOST_SPANS = 20_000;

export function TraceView({ id }: { id: string }) {
  const spans = useLoaded(
    async (signal) =>
      (await getUpTo<Span>(`/api/traces/${encodeURIComponent(id)}/spans`, MOST_SPANS, 2_000, {}, signal))
        .items,
    (change) => change.kind === "span" && change.trace_id === id,
    [id],
  );
  const runs = useLoaded(
    (signal) => get<PageOf<Run>>("/api/runs", { trace_id: id, limit: 20 }, signal),
    ({ kind }) => kind === "run",
    [id],
  );
  const selected = place.value.query.get("span") ?? undefined;
  useKeys({ Escape: () => setQuery({ span: undefined }) });
  return (
    <>
      <Head title="Trace">
        <code class="dim">{id}</code>
      </Head>
      {(runs.data.value?.items ?? []).map((run) => (
        <p key={run.id}>
          <a href={runAddress(run.id)}>The run of {agentNameOf(run)}</a> is in this trace.
        </p>
      ))}
      <Shown loaded={spans} what="the spans">
        {(all) => {
          const span = all.find(({ span_id }) => span_id === selected);
          return (
            <>
              <p class="dim">{plural(all.length, "span")}</p>
              <div class={`split${span === undefined ? "" : " is-open"}`}>
                <Spans spans={all} selected={selected} onSelect={(spanId) => setQuery({ span: spanId })} />
                {span === undefined ? null : (
                  <SpanPanel span={span} onClose={() => setQuery({ span: undefined })} />
                )}
              </div>
            </>
          );
        }}
      </Shown>
    </>
  );
}
