import { useState } from "preact/hooks";
import { key, setKey } from "./data/key.ts";

/** Asked for when the server was started with a key. */
export function KeyForm() {
  const [text, setText] = useState("");
  return (
    <form
      class="state key-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (text !== "") setKey(text);
      }}
    >
      <h2>This server wants its key</h2>
      <p>
        It is the one given to <code>apie-otel dev --key</code>. It is kept for this tab only.
      </p>
      {key.value === undefined ? null : (
        <p class="stale" role="alert">
          That was not the key.
        </p>
      )}
      <label class="field">
        <span>Key</span>
        <input
          type="password"
          autocomplete="off"
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </label>
      <button type="submit">Open</button>
    </form>
  );
}
