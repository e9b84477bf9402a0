import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import { describe, test } from "node:test";
import { PrinterError } from "../model/errors.ts";
import { begun } from "./begun.ts";
import { SessionLife } from "./session-life.ts";

const open = new AbortController().signal;

async function untilAborted(signal: AbortSignal): Promise<void> {
  await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
}

describe("a session's life", () => {
  test("ends with the first failure of a task, which ends the others", async () => {
    const order: string[] = [];
    const life = new SessionLife(open, ({ message }) => order.push(`${message}, aborted: ${life.signal.aborted}`));
    life.run(async () => untilAborted(life.signal));
    life.run(async () => Promise.reject(new PrinterError("timeout", "silent")));
    assert.equal((await life.ended).code, "timeout");
    await life.settled();
    life.end(new PrinterError("aborted", "disposed"));
    assert.equal((await life.ended).message, "silent");
    assert.equal((life.signal.reason as Error).message, "silent");
    assert.equal(order[0], "silent, aborted: false");
  });

  test("goes on when a task is done", async () => {
    const life = new SessionLife(open);
    life.run(async () => undefined);
    await life.settled();
    await turn();
    assert.equal(life.signal.aborted, false);
  });
});

class Beginner implements AsyncDisposable {
  readonly handlers = {};
  readonly ended = Promise.withResolvers<PrinterError>().promise;
  isDisposed = false;
  readonly begin: () => Promise<void>;

  constructor(begin: () => Promise<void>) {
    this.begin = begin;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.isDisposed = true;
  }
}

describe("a session that begins", () => {
  test("is given open", async () => {
    const session = await begun(new Beginner(async () => undefined), open);
    assert.equal(session.isDisposed, false);
  });

  test("and fails is closed, with its own reason or the signal's", async () => {
    const failing = new Beginner(async () => Promise.reject(new PrinterError("timeout", "silent")));
    await assert.rejects(begun(failing, open), { message: "silent" });
    assert.equal(failing.isDisposed, true);
    await assert.rejects(begun(failing, AbortSignal.abort(new Error("cancelled"))), { message: "cancelled" });
  });
});
