// The closed set of what can go wrong, and the one door through which foreign errors enter it.

/** When asking again can help: `never`, `later`, or as the `caller` pleases. */
export type Retry = "never" | "later" | "caller";

export const errorCodes = {
  invalid_input: "never",
  unauthorized: "never",
  forbidden: "never",
  control_disabled: "never",
  not_found: "never",
  wrong_phase: "later",
  unsupported: "never",
  printer_auth: "never",
  printer_refused: "never",
  protocol: "never",
  unreachable: "later",
  timeout: "later",
  aborted: "caller",
  rate_limited: "later",
  file_too_large: "never",
  file_type: "never",
  storage_full: "later",
  internal: "never",
} as const satisfies Record<string, Retry>;

export type ErrorCode = keyof typeof errorCodes;

/** One fault of an input: a JSON pointer and what is legal there. */
export interface InputProblem {
  readonly pointer: string;
  readonly message: string;
}

export interface PrinterErrorDetails {
  readonly printer?: string;
  readonly cause?: unknown;
  readonly problems?: readonly InputProblem[];
  /** The least time before the same is tried again, ms. */
  readonly retryAfterMs?: number;
}

/** The only error that crosses a room. Its message says what to do next. */
export class PrinterError extends Error {
  override readonly name = "PrinterError";
  readonly code: ErrorCode;
  readonly retry: Retry;
  readonly printer: string | undefined;
  readonly problems: readonly InputProblem[];
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, message: string, details: PrinterErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.retry = errorCodes[code];
    this.printer = details.printer;
    this.problems = details.problems ?? [];
    this.retryAfterMs = details.retryAfterMs;
  }

  /** Names any thrown thing with a code of the set, reading its cause chain for errno codes. */
  static from(thrown: unknown, printer?: string): PrinterError {
    if (thrown instanceof PrinterError) {
      return printer === undefined || thrown.printer !== undefined ? thrown : thrown.at(printer);
    }
    const details = { cause: thrown, ...(printer === undefined ? {} : { printer }) };
    for (const error of causes(thrown)) {
      if (error.name === "AbortError") return new PrinterError("aborted", "the request was cancelled", details);
      if (error.name === "TimeoutError") return new PrinterError("timeout", "no answer in time; try again", details);
      const words = networkFaults[(error as NodeJS.ErrnoException).code ?? ""];
      if (words !== undefined) return new PrinterError("unreachable", words, details);
    }
    const text = thrown instanceof Error ? thrown.message : String(thrown);
    return new PrinterError("internal", text, details);
  }

  /** The same error, told of one printer. */
  at(printer: string): PrinterError {
    return new PrinterError(this.code, this.message, {
      printer,
      problems: this.problems,
      ...(this.cause === undefined ? {} : { cause: this.cause }),
      ...(this.retryAfterMs === undefined ? {} : { retryAfterMs: this.retryAfterMs }),
    });
  }
}

/** errno → what it says about a printer on a network. */
const networkFaults: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nothing listens at the printer's address; is it on, and is the port right?",
  ECONNRESET: "the printer closed the connection",
  EHOSTDOWN: "the printer does not answer on the network; is it on?",
  EHOSTUNREACH: "no route to the printer; check its address and that it is on",
  ENETUNREACH: "the network of the printer cannot be reached from here",
  ENOTFOUND: "the printer's host name does not resolve; check its `connection` in the inventory",
  EAI_AGAIN: "the printer's host name does not resolve; check its `connection` in the inventory",
  EPIPE: "the printer closed the connection",
  ETIMEDOUT: "the printer does not answer on the network; is it on?",
  UND_ERR_SOCKET: "the printer closed the connection",
  UND_ERR_CONNECT_TIMEOUT: "the printer does not answer on the network; is it on?",
};

function* causes(thrown: unknown): Generator<Error> {
  let link = thrown;
  for (let depth = 0; link instanceof Error && depth < 8; depth += 1) {
    yield link;
    if (link instanceof AggregateError) yield* link.errors.flatMap((error) => [...causes(error)]);
    link = link.cause;
  }
}

/** Ends an exhaustive switch over a closed union. */
export function assertNever(value: never): never {
  throw new PrinterError("internal", `unexpected value ${JSON.stringify(value)}`);
}
