/** Why a destination cannot be reached, in plain words, and what helps. */

/** Where requests go, and by what the user sets it. */
export interface Destination {
  /** As it stands in a sentence: `Apie`, `The OTLP endpoint`. */
  readonly name: string;
  /** Address to be shown: no credentials, no query. */
  readonly address: string;
  /** What names the address. */
  readonly setBy: string;
  /** What holds the key or the headers that let us in. */
  readonly keyIn: string;
}

export interface Failure {
  readonly status?: number | undefined;
  /** Node's error code. */
  readonly cause?: string | undefined;
  /** One line, safe to show. */
  readonly message: string;
}

const MAX_MESSAGE = 200;

interface Trouble {
  readonly what: string;
  readonly remedy: string;
}

type Explain = (to: Destination) => Trouble;

const CERTIFICATE: Explain = () => ({
  what: "its certificate is not trusted",
  remedy:
    "for a certificate of a private authority, start Node with NODE_EXTRA_CA_CERTS=/path/to/ca.pem; an expired or wrong one is the server's to mend",
});
const UNKNOWN_HOST: Explain = ({ setBy }) => ({
  what: "DNS does not know the host",
  remedy: `check the spelling in ${setBy}, and that this machine can resolve names (a container may need a DNS server)`,
});
const NO_ANSWER: Explain = ({ setBy }) => ({
  what: "it does not answer in time",
  remedy: `see whether a firewall or proxy is between (outgoing connections must be allowed), and whether ${setBy} names the right host and port`,
});
const NO_ROUTE: Explain = ({ setBy }) => ({
  what: "there is no way to the host from here",
  remedy: `check the network of this machine or container, and ${setBy}`,
});
const CUT: Explain = ({ setBy }) => ({
  what: "the connection is cut",
  remedy: `see whether a proxy ends it, and whether ${setBy} says http where https is spoken, or the reverse`,
});

const BY_CAUSE: Readonly<Record<string, Explain>> = {
  ENOTFOUND: UNKNOWN_HOST,
  EAI_AGAIN: UNKNOWN_HOST,
  ECONNREFUSED: ({ setBy }) => ({
    what: "nothing listens there",
    remedy: `start it, or correct host and port in ${setBy}; in a container, localhost is the container itself`,
  }),
  ETIMEDOUT: NO_ANSWER,
  EHOSTUNREACH: NO_ROUTE,
  ENETUNREACH: NO_ROUTE,
  ENETDOWN: NO_ROUTE,
  EADDRNOTAVAIL: NO_ROUTE,
  ECONNRESET: CUT,
  EPIPE: CUT,
  EPROTO: ({ setBy }) => ({
    what: "TLS is not spoken there",
    remedy: `write http:// in place of https:// in ${setBy}, or give the port that speaks TLS`,
  }),
  ERR_TLS_CERT_ALTNAME_INVALID: ({ setBy }) => ({
    what: "its certificate is for another host",
    remedy: `write the host the certificate names into ${setBy}`,
  }),
  CERT_HAS_EXPIRED: CERTIFICATE,
  DEPTH_ZERO_SELF_SIGNED_CERT: CERTIFICATE,
  SELF_SIGNED_CERT_IN_CHAIN: CERTIFICATE,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: CERTIFICATE,
  UNABLE_TO_GET_ISSUER_CERT: CERTIFICATE,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: CERTIFICATE,
  ABORT_ERR: () => ({
    what: "the client is shut down",
    remedy: "ask the doctor before shutdown(), or of a new client",
  }),
};

const WRONG_ADDRESS: Explain = ({ setBy }) => ({
  what: "something else answers there",
  remedy: `correct ${setBy}: the host may be another service's, or a path is missing or too much`,
});
const REFUSED_KEY: Explain = ({ keyIn }) => ({
  what: "it refuses the key",
  remedy: `check ${keyIn}: a key of another workspace or environment, one that was revoked, or one with a blank or quote too much`,
});

const BY_STATUS: Readonly<Record<number, Explain>> = {
  401: REFUSED_KEY,
  402: () => ({
    what: "the workspace's plan or payment does not allow it",
    remedy: "see the billing page of the workspace; what waits is sent when it is allowed again",
  }),
  403: ({ keyIn }) => ({
    what: "the key may not do this",
    remedy: `give a key that may write agents, runs and events in ${keyIn}`,
  }),
  404: WRONG_ADDRESS,
  405: WRONG_ADDRESS,
  407: ({ setBy }) => ({
    what: "a proxy on the way wants to know who calls",
    remedy: `let ${setBy} be reached without that proxy`,
  }),
  415: ({ setBy }) => ({
    what: "it does not speak this encoding",
    remedy: `use the exporter of the protocol that ${setBy} speaks (http/protobuf, http/json, grpc)`,
  }),
  429: () => ({
    what: "it asks for fewer requests",
    remedy:
      "nothing is lost: what waits is sent when it is taken again; a higher rate is the workspace's to ask for",
  }),
};

const SERVER_FAULT: Explain = () => ({
  what: "it fails by itself",
  remedy: "nothing is to be mended here; see its status page or its log. What waits is sent when it is back",
});

function explained(failure: Failure): Explain {
  const { status, cause } = failure;
  const known = status === undefined ? BY_CAUSE[cause ?? ""] : BY_STATUS[status];
  if (known !== undefined) return known;
  if (status !== undefined && status >= 500) return SERVER_FAULT;
  // A web page, or a redirection.
  if (status !== undefined && status < 400) return WRONG_ADDRESS;
  return ({ setBy }) => ({ what: "it cannot be reached", remedy: `check ${setBy}` });
}

/** A failure as a sentence, with its remedy. */
export function troubleOf(failure: Failure, to: Destination): { message: string; remedy: string } {
  const { what, remedy } = explained(failure)(to);
  return { message: `${to.name} at ${to.address}: ${what} (${shortened(failure.message)})`, remedy };
}

/** OpenSSL tells of itself over several lines. */
function shortened(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length > MAX_MESSAGE ? `${line.slice(0, MAX_MESSAGE - 1)}…` : line;
}

/** An address without credentials and query: these may be secret. Those of gRPC are `host:port`. */
export function shownAddress(url: string): string {
  if (!url.includes("://") || !URL.canParse(url)) return url.replace(/^.*@/, "").replace(/[?#].*$/s, "");
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname === "/" ? "" : pathname}`;
}
