/** The story of a finished session, each line with the events it is made from. */
import { useMemo } from "preact/hooks";
import type { EventLine } from "../../data/event-line.ts";
import type { Session } from "../../data/records.ts";
import { plural } from "../../data/words.ts";
import { sessionAddress } from "../../parts/router.ts";
import { Empty } from "../../parts/states.tsx";
import { type StoryLine, storyOf } from "../../replay/story.ts";
import type { Player } from "./player.ts";

const MOST_CITED = 6;

function Cites({
  line,
  sessionId,
  numberOf,
}: {
  line: StoryLine;
  sessionId: string;
  numberOf: ReadonlyMap<string, number>;
}) {
  const shown = line.cites.slice(0, MOST_CITED);
  const rest = line.cites.length - shown.length;
  return (
    <span class="cites">
      {shown.map((id) => (
        <a key={id} class="cite" href={sessionAddress(sessionId, id)} title={`Event ${id}`}>
          #{numberOf.get(id) ?? "?"}
        </a>
      ))}
      {rest > 0 ? <span class="dim"> and {plural(rest, "event")} more</span> : null}
    </span>
  );
}

const numbersOf = (lines: readonly EventLine[]): Map<string, number> =>
  new Map(lines.map(({ event_id }, index) => [event_id, index + 1]));

export function StoryPanel({
  player,
  session,
  isLoaded,
}: {
  player: Player;
  session: Session;
  isLoaded: boolean;
}) {
  const lines = player.lines.value;
  const lanes = player.lanes.value;
  const isFinished = session.status !== "running";
  const sections = useMemo(
    () => (isFinished && isLoaded ? storyOf(session, lanes, lines) : []),
    [isFinished, isLoaded, session, lanes, lines],
  );
  const numberOf = useMemo(() => numbersOf(lines), [lines]);
  if (!isFinished) {
    return (
      <Empty title="The session still runs.">
        <p>Its story is told when it has finished. Until then, the replay shows what happens.</p>
      </Empty>
    );
  }
  return (
    <article class="story">
      <p class="note">
        Made by rules from the {plural(lines.length, "event")} of this session. No model is behind it. Numbers
        lead to the events a line is made from.
      </p>
      {sections.map((section) => (
        <section key={section.title}>
          <h2>{section.title}</h2>
          {section.lines.length === 0 ? (
            <p class="dim">{section.none}</p>
          ) : (
            <ul>
              {section.lines.map((line) => (
                <li
                  key={`${line.text} ${line.cites[0]}`}
                  class={line.tone === undefined ? "" : `tone-${line.tone}`}
                >
                  <span>{line.text}</span> <Cites line={line} sessionId={session.id} numberOf={numberOf} />
                </li>
              ))}
            </ul>
          )}
        </section>
      ))}
    </article>
  );
}
