/** Play, step, scrub, and what is shown. */
import { count } from "../../data/words.ts";
import { offset } from "../../parts/format.ts";
import { Icon } from "../../parts/icons.tsx";
import { Search, Select } from "../../parts/pieces.tsx";
import { CATEGORIES, shortType } from "../../replay/kinds.ts";
import { SPEEDS } from "../../replay/pace.ts";
import type { Player } from "./player.ts";

function Transport({ player, isRunning }: { player: Player; isRunning: boolean }) {
  const shown = player.shown.value;
  const index = player.index.value;
  const current = player.current.value;
  const isPlaying = player.isPlaying.value;
  const where =
    index === -1 ? `${count(shown.length)} events` : `${count(index + 1)} of ${count(shown.length)}`;
  return (
    <fieldset class="transport" aria-label="Replay">
      <button
        type="button"
        aria-label="To the beginning"
        title="To the beginning (Home)"
        onClick={() => player.goToIndex(0)}
      >
        <Icon name="first" />
      </button>
      <button type="button" aria-label="Step back" title="Step back (←)" onClick={() => player.step(-1)}>
        <Icon name="back" />
      </button>
      <button
        type="button"
        class="primary"
        aria-label={isPlaying ? "Pause" : "Play"}
        title={`${isPlaying ? "Pause" : "Play"} (space)`}
        onClick={() => player.toggle()}
      >
        <Icon name={isPlaying ? "pause" : "play"} />
      </button>
      <button type="button" aria-label="Step on" title="Step on (→)" onClick={() => player.step(1)}>
        <Icon name="on" />
      </button>
      <button
        type="button"
        aria-label="To the end"
        title="To the end (End)"
        onClick={() => player.goToIndex(shown.length - 1)}
      >
        <Icon name="last" />
      </button>
      <input
        class="scrub"
        type="range"
        aria-label="Moment of the replay"
        min={0}
        max={Math.max(0, shown.length - 1)}
        value={index === -1 ? shown.length - 1 : index}
        aria-valuetext={where}
        onInput={(event) => player.goToIndex(Number(event.currentTarget.value))}
      />
      <output class="where" aria-live="off">
        <b>{where}</b> {current === undefined ? "" : offset(current.replay_us - player.scale.value.startUs)}
      </output>
      <Select
        label="Speed"
        value={String(player.speed.value)}
        choices={SPEEDS.map((speed) => ({ value: String(speed), label: `${speed}×` }))}
        onChoose={(value) => {
          player.speed.value = Number(value);
        }}
      />
      {isRunning ? (
        <label class="check">
          <input
            type="checkbox"
            checked={player.isFollowing.value}
            onChange={(event) => {
              player.isFollowing.value = event.currentTarget.checked;
            }}
          />
          Follow
        </label>
      ) : null}
    </fieldset>
  );
}

function Filters({ player }: { player: Player }) {
  const counts = player.counts.value;
  const hidden = player.hidden.value;
  return (
    <div class="filters">
      <Search
        value={player.text.value}
        placeholder="Agent, tool, error…"
        onSearch={(text) => {
          player.text.value = text;
        }}
      />
      <fieldset class="chips" aria-label="Kinds of events shown">
        {CATEGORIES.filter(({ id }) => counts.has(id)).map(({ id, label }) => (
          <button
            key={id}
            type="button"
            class={`chip is-${id}`}
            aria-pressed={!hidden.has(id)}
            onClick={() => player.toggleCategory(id)}
          >
            <span class="swatch" aria-hidden="true" />
            {label} <span class="dim">{count(counts.get(id) ?? 0)}</span>
          </button>
        ))}
        <button
          type="button"
          class="chip is-telling"
          aria-pressed={player.onlyTelling.value}
          title="Only errors, blocks, warnings and approvals"
          onClick={() => {
            player.onlyTelling.value = !player.onlyTelling.value;
          }}
        >
          Only problems
        </button>
      </fieldset>
      <Select
        label="Type"
        value={player.type.value}
        choices={[
          { value: "", label: "any" },
          ...player.types.value.map((type) => ({ value: type, label: shortType(type) })),
        ]}
        onChoose={(value) => {
          player.type.value = value;
        }}
      />
      <Select
        label="Group"
        value={player.grouping.value}
        choices={[
          { value: "time", label: "in order" },
          { value: "run", label: "by run" },
        ]}
        onChoose={(value) => {
          player.grouping.value = value === "run" ? "run" : "time";
        }}
      />
    </div>
  );
}

export const Controls = ({ player, isRunning }: { player: Player; isRunning: boolean }) => (
  <section class="controls" aria-label="Replay controls">
    <Transport player={player} isRunning={isRunning} />
    <Filters player={player} />
  </section>
);
