/** A customer of the demo's service: real requests over HTTP. */

export interface Said {
  readonly text: string;
  readonly stream?: boolean;
}

export interface Heard {
  readonly status: number;
  readonly answer: string;
  /** Pieces the answer came in. */
  readonly pieces: number;
  /** Id of the run, and its trace context, as the service's headers tell them. */
  readonly runId: string;
  readonly traceparent: string;
}

export async function say(url: string, conversation: string, said: Said): Promise<Heard> {
  const response = await fetch(`${url}/conversations/${conversation}/messages`, {
    method: "POST",
    body: JSON.stringify(said),
  });
  const decoder = new TextDecoder();
  const pieces: string[] = [];
  for await (const bytes of response.body ?? []) pieces.push(decoder.decode(bytes, { stream: true }));
  return {
    status: response.status,
    answer: pieces.join("").trim(),
    pieces: pieces.length,
    runId: response.headers.get("x-run-id") ?? "",
    traceparent: response.headers.get("x-run-trace") ?? "",
  };
}

export async function hangUp(url: string, conversation: string): Promise<void> {
  await fetch(`${url}/conversations/${conversation}/close`, { method: "POST" });
}
