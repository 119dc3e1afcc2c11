/** Nothing here, not yet here, not to be had: each says what to do. */
import type { ComponentChildren } from "preact";
import { ApiError } from "../data/api.ts";
import type { Loaded } from "../data/loaded.ts";
import { Text } from "./pieces.tsx";

export const Empty = ({ title, children }: { title: string; children?: ComponentChildren }) => (
  <div class="state" role="status">
    <h2>{title}</h2>
    {children}
  </div>
);

/** For a list that is empty as nothing was ever sent here. */
export const WhatToSet = () => (
  <Text label="Environment to set">
    {[
      `APIE_BASE_URL=${location.origin}`,
      "APIE_API_KEY=local",
      `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=${location.origin}/v1/traces`,
    ].join("\n")}
  </Text>
);

export const Loading = ({ what }: { what: string }) => (
  <div class="state loading" role="status" aria-live="polite">
    <span class="spinner" aria-hidden="true" /> Reading {what}…
  </div>
);

function adviceOn(error: Error): string {
  if (!(error instanceof ApiError)) return "This is an error of the page itself: load it again.";
  if (error.status === 0) return "Start it again with `npx apie-otel dev`; this page goes on by itself.";
  if (error.status === 401) return "Give the key the server was started with.";
  if (error.status === 404) return "It may have been in memory only, and gone with the server that held it.";
  return "The terminal that runs the server may say more.";
}

export function Problem({ error, retry }: { error: Error; retry?: (() => void) | undefined }) {
  return (
    <div class="state problem" role="alert">
      <h2>{error.message}</h2>
      <p>{adviceOn(error)}</p>
      {retry === undefined ? null : (
        <button type="button" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}

/** What was read, or why there is nothing to see yet. An error beside older data leaves that in view. */
export function Shown<T>({
  loaded,
  what,
  children,
}: {
  loaded: Loaded<T>;
  what: string;
  children: (data: T) => ComponentChildren;
}) {
  const data = loaded.data.value;
  const error = loaded.error.value;
  if (data !== undefined) {
    return (
      <>
        {error === undefined ? null : (
          <p class="stale" role="alert">
            {error.message} What you see may be old. {adviceOn(error)}
          </p>
        )}
        {children(data)}
      </>
    );
  }
  if (error !== undefined) return <Problem error={error} retry={() => void loaded.read()} />;
  return <Loading what={what} />;
}
