/** Small pieces that several views are made of. */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { entryOf } from "../data/members.ts";
import type { Counts } from "../data/records.ts";
import { count, plural } from "../data/words.ts";
import { agentAddress } from "./router.ts";

const STATUS_TONES: Readonly<Record<string, string>> = {
  running: "live",
  completed: "good",
  approved: "good",
  failed: "error",
  rejected: "block",
  block: "block",
  require_approval: "approval",
  pending: "approval",
  warn: "warn",
};

export const Status = ({ status }: { status: string }) => (
  <span class={`status tone-${entryOf(STATUS_TONES, status) ?? "plain"}`}>
    <span class="dot" aria-hidden="true" />
    {status.replaceAll("_", " ")}
  </span>
);

export const Tag = ({
  children,
  tone,
  title,
}: {
  children: ComponentChildren;
  tone?: string | undefined;
  title?: string;
}) => (
  <span class={`tag${tone === undefined ? "" : ` tone-${tone}`}`} title={title}>
    {children}
  </span>
);

export const AgentLink = ({ agent, name }: { agent: string; name?: string }) => (
  <a class="agent" href={agentAddress(agent)}>
    {name ?? agent}
  </a>
);

export const Errors = ({ counts: { errors, failures } }: { counts: Counts }) =>
  errors + failures === 0 ? (
    <span class="dim">0</span>
  ) : (
    <span
      class="tone-error"
      title={`${plural(errors, "error")}, ${plural(failures, "failed call or step", "failed calls or steps")}`}
    >
      {count(errors + failures)}
    </span>
  );

/** In and out together; nothing where none were counted. */
export const Tokens = ({ counts: { tokens } }: { counts: Counts }) => {
  const all = tokens.input + tokens.output;
  return <>{all === 0 ? "" : count(all)}</>;
};

/** A name and its value; nothing where there is no value. */
export const Fact = ({ name, children }: { name: string; children: ComponentChildren }) =>
  children === undefined || children === null || children === "" ? null : (
    <div class="fact">
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );

export const Facts = ({ children, label }: { children: ComponentChildren; label?: string }) => (
  <dl class="facts" aria-label={label}>
    {children}
  </dl>
);

export const Head = ({ title, children }: { title: ComponentChildren; children?: ComponentChildren }) => (
  <header class="head">
    <h1>{title}</h1>
    {children}
  </header>
);

export function Copy({ text, children }: { text: string; children: ComponentChildren }) {
  const [said, setSaid] = useState<string>();
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      setSaid("Copied");
    } catch {
      // Browsers know no clipboard over plain HTTP to another machine, and may be told to refuse it.
      setSaid("The browser refuses: copy the address above");
    }
    setTimeout(() => setSaid(undefined), 2_500);
  };
  return (
    <button type="button" class="quiet" onClick={() => void copy()}>
      {said ?? children}
    </button>
  );
}

export interface Choice {
  readonly value: string;
  readonly label: string;
}

export const Select = ({
  label,
  value,
  choices,
  onChoose,
}: {
  label: string;
  value: string;
  choices: readonly Choice[];
  onChoose: (value: string) => void;
}) => (
  <label class="field">
    <span>{label}</span>
    <select aria-label={label} value={value} onChange={(event) => onChoose(event.currentTarget.value)}>
      {choices.map((choice) => (
        <option key={choice.value} value={choice.value}>
          {choice.label}
        </option>
      ))}
    </select>
  </label>
);

export const choices = (all: string, values: readonly string[]): Choice[] => [
  { value: "", label: all },
  ...values.map((value) => ({ value, label: value.replaceAll("_", " ") })),
];

/** The search field of a view; `/` goes to it. */
export const Search = ({
  value,
  placeholder,
  onSearch,
}: {
  value: string;
  placeholder: string;
  onSearch: (text: string) => void;
}) => (
  <label class="field search">
    <span class="hidden">Search</span>
    <input
      type="search"
      data-search
      value={value}
      placeholder={placeholder}
      maxLength={500}
      onInput={(event) => onSearch(event.currentTarget.value)}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.preventDefault();
        onSearch("");
        event.currentTarget.blur();
      }}
    />
  </label>
);

export const Json = ({ value, label }: { value: unknown; label: string }) => (
  <Text label={label}>{JSON.stringify(value, undefined, 2)}</Text>
);

/** Text as it is, in an area of its own. */
export const Text = ({ label, children }: { label: string; children: string | undefined }) => (
  // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling area must be reachable with the keyboard
  <section class="json" aria-label={label} tabIndex={0}>
    <pre>{children}</pre>
  </section>
);

/** More, for who asks. */
export const Details = ({
  summary,
  children,
}: {
  summary: ComponentChildren;
  children: ComponentChildren;
}) => (
  <details class="details">
    <summary>{summary}</summary>
    {children}
  </details>
);
