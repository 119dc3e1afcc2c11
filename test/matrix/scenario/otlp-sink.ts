/** Takes OTLP as JSON and keeps it. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

export interface SunkSpan {
  name: string;
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  links?: {
    traceId: string;
    spanId: string;
    attributes: { key: string; value: { stringValue?: string } }[];
  }[];
  scope: string;
}

interface Body {
  resourceSpans: { scopeSpans: { scope: { name: string }; spans: Omit<SunkSpan, "scope">[] }[] }[];
}

export class OtlpSink {
  readonly bodies: string[] = [];
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    server.on("request", async (request, response) => {
      this.bodies.push(await text(request));
      response.writeHead(200, { "content-type": "application/json" }).end("{}");
    });
  }

  static async start(): Promise<OtlpSink> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new OtlpSink(server);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1/traces`;
  }

  get spans(): SunkSpan[] {
    return this.bodies.flatMap((body) =>
      (JSON.parse(body) as Body).resourceSpans.flatMap(({ scopeSpans }) =>
        scopeSpans.flatMap(({ scope, spans }) => spans.map((span) => ({ ...span, scope: scope.name }))),
      ),
    );
  }

  /** The only span of this name. */
  span(name: string): SunkSpan {
    const [found, ...more] = this.spans.filter((span) => span.name === name);
    if (found === undefined || more.length > 0)
      throw new Error(`not one "${name}" among ${this.spans.map((span) => span.name).join(", ")}`);
    return found;
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }
}
