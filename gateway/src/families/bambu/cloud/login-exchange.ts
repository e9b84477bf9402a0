// One request of the log-in, and what came back: status, JSON, cookies. The only requests that are no
// GET, and nothing but the log-in makes them. Facts: the family's README.

import type { Clock } from "@gantry/platform/clock";
import { PrinterError } from "../../../model/errors.ts";
import { blocked, CloudError, isBlock, jsonObject, textOf, userAgent } from "./request.ts";

const limitMs = 10_000;

export interface Exchange {
  readonly url: string;
  readonly body?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  readonly clock: Clock;
}

export interface Came {
  readonly status: number;
  readonly json: Readonly<Record<string, unknown>>;
  readonly cookies: ReadonlyMap<string, string>;
}

/** @throws PrinterError `rate_limited` for the cloud's guard, `unreachable`, `timeout`; the signal's reason */
export async function exchange({ url, body, headers, signal, clock }: Exchange): Promise<Came> {
  const over = new AbortController();
  const limited = AbortSignal.any([signal, over.signal]);
  const late = clock.wait(limitMs, limited).then(
    () => over.abort(new PrinterError("timeout", "the cloud does not answer within 10 s; try again later")),
    () => undefined, // it was in time
  );
  try {
    const json = body === undefined ? {} : { "content-type": "application/json" };
    const response = await fetch(url, {
      method: body === undefined ? "GET" : "POST",
      headers: { accept: "application/json", "user-agent": userAgent, ...json, ...headers },
      redirect: "manual",
      signal: limited,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return came(response, await textOf(response));
  } catch (error) {
    signal.throwIfAborted();
    if (over.signal.reason instanceof PrinterError) throw over.signal.reason;
    if (error instanceof CloudError) {
      throw new PrinterError(error.failure === "blocked" ? "rate_limited" : "unreachable", error.message);
    }
    throw new PrinterError("unreachable", "the cloud cannot be reached from here", { cause: error });
  } finally {
    over.abort();
    await late;
  }
}

function came({ status, headers }: Response, text: string): Came {
  const json = jsonObject(text);
  if (isBlock(status, headers, text, json !== undefined)) throw blocked(headers);
  const cookies = headers.getSetCookie().flatMap((line) => {
    const [, name, value] = /^([^=;]+)=([^;]*)/u.exec(line) ?? [];
    return name === undefined || value === undefined ? [] : [[name.trim(), value] as const];
  });
  return { status, json: { ...json }, cookies: new Map(cookies) };
}
