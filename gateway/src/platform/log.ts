// Log lines: JSON on stderr, because stdout belongs to MCP over stdio. Secrets are masked
// here, once, by value. pino does the writing.

import pino from "pino";

export type LogLevel = "error" | "warn" | "info" | "debug";
export const logLevels = ["error", "warn", "info", "debug"] as const satisfies readonly LogLevel[];

export type LogFields = Readonly<Record<string, unknown>>;

export interface Log {
  error(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  debug(message: string, fields?: LogFields): void;
  /** A log whose every line carries these fields too (`printer`, `layer`). */
  with(fields: LogFields): Log;
}

export interface LogOptions {
  readonly level?: LogLevel;
  /** Rewrites a finished line; masks secrets. */
  readonly redact?: (line: string) => string;
  /** Where lines go; stderr by default. */
  readonly destination?: { write(line: string): void };
}

/** The process's log. `error` fields that are Errors are written with message, stack and cause. */
export function createLog(options: LogOptions = {}): Log {
  const redact = options.redact;
  const logger = pino(
    {
      level: options.level ?? "info",
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: pino.stdSerializers.errWithCause },
      ...(redact === undefined ? {} : { hooks: { streamWrite: (line: string) => redact(line) } }),
    },
    options.destination ?? pino.destination({ fd: 2, sync: true }),
  );
  return wrap(logger);
}

/** A log that says nothing. */
export const silentLog: Log = {
  error: () => undefined,
  warn: () => undefined,
  info: () => undefined,
  debug: () => undefined,
  with: () => silentLog,
};

function wrap(logger: pino.Logger): Log {
  return {
    error: (message, fields) => logger.error(fields ?? {}, message),
    warn: (message, fields) => logger.warn(fields ?? {}, message),
    info: (message, fields) => logger.info(fields ?? {}, message),
    debug: (message, fields) => logger.debug(fields ?? {}, message),
    with: (fields) => wrap(logger.child(fields)),
  };
}
