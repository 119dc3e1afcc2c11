/** Whether our processor is where spans are, once, and has an exporter beside it. */
import { INVALID_SPANID, ROOT_CONTEXT, SpanKind, type Tracer, trace } from "@opentelemetry/api";
import { PACKAGE_NAME, VERSION } from "../../../config/index.ts";
import { isLiveProcessor } from "../../live-processors.ts";
import { apiMismatch, otelApiState } from "../../otel-api.ts";
import { processorsOf } from "../../provider.ts";
import { exportersBeside } from "../exporters.ts";
import { error, type Finding, type Found, info, ok, warning } from "../finding.ts";
import type { Subject } from "../subject.ts";

const ADD =
  "add it to the span processors of the provider in use: new NodeSDK({ spanProcessors: [...yours, apieSpanProcessor] }); see the README for each kind of setup";

/** @param provider the one in use: given as `tracerProvider`, or registered. */
export function checkProvider(subject: Subject, provider: object | undefined): Finding[] {
  const mismatch = apiMismatch(otelApiState());
  const copies: Finding = { check: "api_copies", ...(mismatch === undefined ? oneCopy() : hidden(mismatch)) };
  if (mismatch !== undefined && subject.config.tracerProvider === undefined) return [copies];
  if (provider === undefined) return [copies, { check: "provider", ...none(subject) }];
  return [copies, { check: "provider", ...place(subject, provider) }, ...describeOthers(subject, provider)];
}

const oneCopy = (): Found =>
  ok("this package sees the copy of @opentelemetry/api that everything is registered in");

/** The message of a mismatch is two sentences: what is, and what to do. */
function hidden(mismatch: string): Found {
  const at = mismatch.indexOf(". ");
  return error(mismatch.slice(0, at), mismatch.slice(at + 2));
}

function none({ spansSeen }: Subject): Found {
  const START =
    "register one before your code runs (node --import ./instrumentation.mjs), or call startApie() of apie-otel/start";
  return spansSeen > 0
    ? warning(
        "spans come in, from a provider that is not the registered one, and nobody has registered one",
        START,
      )
    : error("no OpenTelemetry SDK is registered, so nothing is recorded", START);
}

function place(subject: Subject, provider: object): Found {
  const processors = processorsOf(provider);
  if (processors?.includes(subject.processor) === true)
    return ok("the span processor is in the provider in use");
  const heard = probe(subject, provider);
  if (heard === "heard") return ok("spans of the provider in use reach the span processor");
  if (heard === "not recorded")
    return info(
      "whether the span processor is in the provider in use could not be seen: the sampler dropped the span that was to tell",
    );
  return subject.spansSeen > 0
    ? error(
        "the span processor is in another provider than the one in use: a second one was registered, and the first stays",
        `have one provider; ${ADD}`,
      )
    : error("the span processor is not in the provider in use, so Apie sees no spans", ADD);
}

/**
 * Starts a span and looks whether the processor hears of it. It is never ended, so no processor exports it, and ours takes no
 * further notice of it.
 */
function probe(subject: Subject, provider: object): "heard" | "not heard" | "not recorded" {
  let isRecorded = false;
  const heard = subject.hears(() => {
    const { getTracer } = provider as { getTracer: (name: string, version: string) => Tracer };
    const tracer = getTracer.call(provider, PACKAGE_NAME, VERSION);
    const span = tracer.startSpan("doctor", { kind: SpanKind.INTERNAL, root: true }, ROOT_CONTEXT);
    isRecorded = span.isRecording() && span.spanContext().spanId !== INVALID_SPANID;
  });
  if (heard) return "heard";
  return isRecorded ? "not heard" : "not recorded";
}

function describeOthers(subject: Subject, provider: object): Finding[] {
  const processors = processorsOf(provider);
  if (processors === undefined)
    return [
      {
        check: "exporting",
        ...info("the provider does not show its processors, so whether one exports is not known"),
      },
    ];
  const ours = processors.filter((one) => isLiveProcessor(one));
  const twice: Finding[] =
    ours.length < 2
      ? []
      : [
          {
            check: "twice",
            ...warning(
              `${ours.length} Apie span processors are in the provider, so every run of other libraries reaches Apie ${ours.length} times`,
              "keep one; a client made with new Apie() brings its own, apie.spanProcessor",
            ),
          },
        ];
  return [...twice, { check: "exporting", ...describeExporting(subject, processors, ours) }];
}

function describeExporting(subject: Subject, processors: readonly object[], ours: readonly object[]): Found {
  const exporters = exportersBeside(processors, subject.config.forwardTo);
  if (exporters.length > 0)
    return ok(`spans are exported by ${exporters.map(({ name }) => name).join(", ")}`);
  const others = processors.length - ours.length + (subject.config.forwardTo === undefined ? 0 : 1);
  if (others > 0)
    return info(
      `${others === 1 ? "one other span processor is" : `${others} other span processors are`} there; whether it exports cannot be seen`,
    );
  return warning(
    "no other span processor is there, so spans go to Apie only and over OTLP nowhere",
    "`spanProcessors` of NodeSDK replaces `traceExporter` and what OTEL_* configures: hand your exporter to ours, forwardTo: new BatchSpanProcessor(exporter), or append it; where register or startApie made the provider, set OTEL_EXPORTER_OTLP_ENDPOINT",
  );
}

/** The provider in use. */
export function providerInUse({ config }: Subject, registered: object | undefined): object | undefined {
  const given = config.tracerProvider as object | undefined;
  if (given !== undefined) return given;
  return otelApiState().provider === "none" ? undefined : (registered ?? trace.getTracerProvider());
}
