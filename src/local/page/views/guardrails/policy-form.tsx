/** Makes a policy of one's own, or puts it in the place of the one of the same key. */
import { useState } from "preact/hooks";
import { post } from "../../data/api.ts";
import { choices, Select } from "../../parts/pieces.tsx";

const DECISIONS = ["block", "require_approval", "warn", "allow"] as const;
const PATTERNS = ["tools", "actions", "resources", "environments", "agents"] as const;

const EMPTY = { key: "", reason: "", tools: "", actions: "", resources: "", environments: "", agents: "" };
type Name = keyof typeof EMPTY;

const listOf = (text: string): string[] =>
  text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");

export function PolicyForm() {
  const [written, setWritten] = useState(EMPTY);
  const [decision, setDecision] = useState<string>("block");
  const [state, setState] = useState<"open" | "sending" | Error>("open");
  const send = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    setState("sending");
    const { key, reason } = written;
    const match = Object.fromEntries(PATTERNS.map((name) => [name, listOf(written[name])]));
    try {
      await post("/api/policies", { key: key.trim(), decision, match, ...(reason === "" ? {} : { reason }) });
      setWritten(EMPTY);
      setState("open");
    } catch (error) {
      setState(error as Error);
    }
  };
  const field = (name: Name, placeholder: string) => (
    <label class="field" key={name}>
      <span>{name}</span>
      <input
        value={written[name]}
        placeholder={placeholder}
        required={name === "key"}
        onInput={(event) => setWritten({ ...written, [name]: event.currentTarget.value })}
      />
    </label>
  );
  return (
    <form class="policy-form" aria-label="A policy of your own" onSubmit={(event) => void send(event)}>
      <p class="note">
        Several with commas; <code>*</code> stands for any text, a field left empty for everything.
      </p>
      <div class="filters">
        {field("key", "no-refunds")}
        <Select
          label="Decision"
          value={decision}
          choices={choices("", DECISIONS).slice(1)}
          onChoose={setDecision}
        />
        {PATTERNS.map((name) => field(name, "any"))}
        {field("reason", "told to the agent")}
        <button type="submit" disabled={state === "sending"}>
          Save
        </button>
      </div>
      {state instanceof Error ? (
        <p class="tone-error" role="alert">
          {state.message}
        </p>
      ) : null}
    </form>
  );
}
