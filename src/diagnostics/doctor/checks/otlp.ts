/** The other destination: whether what is exported over OTLP arrives. */
import { detached } from "../../../apie-api/index.ts";
import { processorsOf } from "../../provider.ts";
import type { Deadline } from "../deadline.ts";
import { exportersBeside, type OtlpSender, otlpSenderOf } from "../exporters.ts";
import { error, type Finding, type Found, info, ok } from "../finding.ts";
import { environmentSender } from "../otlp-environment.ts";
import type { Subject } from "../subject.ts";
import { shownAddress, troubleOf } from "../troubles.ts";

/** @param provider the one in use. */
export async function checkOtlp(
  { config, apie }: Subject,
  provider: object | undefined,
  deadline: Deadline,
): Promise<Finding[]> {
  const exporters = exportersBeside(
    provider === undefined ? [] : (processorsOf(provider) ?? []),
    config.forwardTo,
  );
  const senders = exporters.map(({ name, exporter }) => ({ name, sender: otlpSenderOf(exporter) }));
  const shown = (text: string): string => apie?.redactor.secrets(text) ?? text;
  const found =
    senders.length > 0
      ? await Promise.all(senders.map(({ name, sender }) => lookAt(name, sender, deadline, shown)))
      : [await lookAtEnvironment(deadline, shown)];
  return found.map((one) => ({ check: "otlp", ...one }));
}

async function lookAt(
  name: string,
  sender: OtlpSender | undefined,
  deadline: Deadline,
  shown: (text: string) => string,
): Promise<Found> {
  if (sender === undefined)
    return info(`${name} is no OTLP exporter that could be tried; whether it arrives is not known`);
  return attempt(sender, "the exporter's url, or OTEL_EXPORTER_OTLP_ENDPOINT", deadline, shown);
}

async function lookAtEnvironment(deadline: Deadline, shown: (text: string) => string): Promise<Found> {
  const { sender, variable, problem } = environmentSender(process.env);
  if (problem !== undefined) return info(problem);
  if (sender === undefined)
    return info(
      "no OTLP exporter is seen, and no OTEL_EXPORTER_OTLP_ENDPOINT is set, so there is nothing to try",
      "set it where spans shall go over OTLP, too",
    );
  return attempt(sender, variable ?? "OTEL_EXPORTER_OTLP_ENDPOINT", deadline, shown);
}

async function attempt(
  sender: OtlpSender,
  setBy: string,
  deadline: Deadline,
  shown: (text: string) => string,
): Promise<Found> {
  const address = sender.url === undefined ? "its address" : shownAddress(sender.url);
  const sent = detached(() => sender.send(deadline.leftMs)).then((failure) => failure ?? "taken");
  const late = { cause: "ETIMEDOUT", message: `no answer within ${deadline.totalMs} ms` };
  const outcome = (await deadline.within(sent)) ?? late;
  if (outcome === "taken") return ok(`the OTLP endpoint at ${address} takes a request (without spans)`);
  const to = {
    name: "the OTLP endpoint",
    address,
    setBy,
    keyIn: "OTEL_EXPORTER_OTLP_HEADERS, or the exporter's headers",
  };
  const { message, remedy } = troubleOf({ ...outcome, message: shown(outcome.message) }, to);
  return error(message, remedy);
}
