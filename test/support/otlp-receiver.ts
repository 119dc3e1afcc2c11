/** A loopback OTLP/HTTP receiver, JSON and protobuf, that keeps what arrives. Reads as the local Apie does. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";
import { decodeRequest, encodeResponse, OTLP_MEDIA_TYPES } from "../../src/local/otlp/encoding.ts";
import { readSpans } from "../../src/local/otlp/read-spans.ts";
import type { SpanRecord, SpanSource } from "../../src/local/otlp/span-record.ts";

export type ReceivedSpan = SpanRecord & SpanSource;

export interface ReceivedExport {
  contentType: string;
  headers: Record<string, string | string[] | undefined>;
  /** As it came, after decompression. */
  body: Buffer;
  spans: ReceivedSpan[];
}

export class OtlpReceiver {
  readonly exports: ReceivedExport[] = [];
  /** Set: requests are taken and never answered. */
  hangs = false;
  readonly url: string;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on("request", async (request, response) => {
      const contentType = request.headers["content-type"] ?? "";
      const encoding = OTLP_MEDIA_TYPES[contentType];
      const body = await buffer(request);
      // Instrumentations export metrics and logs too, which are of no interest here.
      if (request.url !== "/v1/traces") return response.writeHead(200).end();
      if (encoding === undefined) return response.writeHead(415).end();
      const bytes = request.headers["content-encoding"] === "gzip" ? gunzipSync(body) : body;
      const { batches } = readSpans(decodeRequest(encoding, bytes));
      const spans = batches.flatMap(({ source, spans }) => spans.map((span) => ({ ...span, ...source })));
      this.exports.push({ contentType, headers: request.headers, body: bytes, spans });
      if (this.hangs) return undefined;
      return response
        .writeHead(200, { "content-type": contentType })
        .end(encodeResponse(encoding, undefined));
    });
  }

  static async start(): Promise<OtlpReceiver> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new OtlpReceiver(server);
  }

  get spans(): ReceivedSpan[] {
    return this.exports.flatMap(({ spans }) => spans);
  }

  get names(): string[] {
    return this.spans.map(({ name }) => name).sort();
  }

  /** The only span of this name. */
  span(name: string): ReceivedSpan {
    const [found, ...more] = this.spans.filter((span) => span.name === name);
    if (found === undefined || more.length > 0) throw new Error(`${name} among ${this.names.join(", ")}`);
    return found;
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }
}
