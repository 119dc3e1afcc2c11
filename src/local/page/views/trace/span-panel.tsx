/** One span opened: facts, links to other spans and runs, attributes. */
import type { ComponentChildren } from "preact";
import { get } from "../../data/api.ts";
import { useLoaded } from "../../data/loaded.ts";
import { textOf } from "../../data/members.ts";
import type { Members, PageOf, Run, Span, SpanLink } from "../../data/records.ts";
import { duration, shortId } from "../../parts/format.ts";
import { Icon } from "../../parts/icons.tsx";
import { Details, Fact, Facts, Json } from "../../parts/pieces.tsx";
import { runAddress, traceAddress } from "../../parts/router.ts";
import { agentNameOf } from "../../replay/lanes.ts";

/** What the two spans are to each other; ours say so. */
const meaningOf = (attributes: Members): string =>
  textOf(attributes["agent.link.type"])?.replaceAll("_", " ") ?? "linked to";

function Link({ link }: { link: SpanLink }) {
  const run = useLoaded(
    (signal) => get<PageOf<Run>>("/api/runs", { trace_id: link.trace_id, limit: 1 }, signal),
    ({ kind }) => kind === "run",
    [link.trace_id],
  );
  const found = run.data.value?.items[0];
  return (
    <li>
      <span class="dim">{meaningOf(link.attributes)}</span>{" "}
      {found === undefined ? null : <a href={runAddress(found.id)}>run of {agentNameOf(found)}</a>}{" "}
      <a href={traceAddress(link.trace_id, link.span_id)}>span {shortId(link.span_id)}</a>
    </li>
  );
}

export function SpanPanel({
  span,
  onClose,
  children,
}: {
  span: Span;
  onClose: () => void;
  children?: ComponentChildren;
}) {
  const tookMs = Number(BigInt(span.end_time_unix_nano) - BigInt(span.start_time_unix_nano)) / 1e6;
  const { status, links, events } = span;
  return (
    <aside class={`panel${status.code === "error" ? " tone-error" : ""}`} aria-label="The span">
      <header>
        <h2>{span.name}</h2>
        <button type="button" class="quiet" aria-label="Close the span" title="Close (Esc)" onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      {children}
      <Facts>
        <Fact name="Took">{duration(tookMs)}</Fact>
        <Fact name="Kind">{span.kind}</Fact>
        <Fact name="Status">{[status.code, status.message].filter(Boolean).join(": ")}</Fact>
        <Fact name="Scope">{[span.scope.name, span.scope.version].filter(Boolean).join(" ")}</Fact>
        <Fact name="Service">{textOf(span.resource.attributes["service.name"])}</Fact>
        <Fact name="Span">
          <code>{span.span_id}</code>
        </Fact>
        <Fact name="Trace">
          <a href={traceAddress(span.trace_id, span.span_id)}>
            <code>{span.trace_id}</code>
          </a>
        </Fact>
      </Facts>
      {links.length === 0 ? null : (
        <>
          <h3>Links</h3>
          <ul class="span-links">
            {links.map((link) => (
              <Link key={`${link.trace_id} ${link.span_id}`} link={link} />
            ))}
          </ul>
        </>
      )}
      <h3>Attributes</h3>
      <Json value={span.attributes} label="Attributes of the span" />
      {events.length === 0 ? null : (
        <>
          <h3>Span events</h3>
          <Json value={events} label="Events of the span" />
        </>
      )}
      <Details summary="Resource">
        <Json value={span.resource.attributes} label="Resource of the span" />
      </Details>
    </aside>
  );
}
