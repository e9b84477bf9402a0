import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { FakeClock } from "@gantry/platform/fake-clock";
import { PrinterError } from "../../model/errors.ts";
import { methods, type MethodName } from "./method-table.ts";
import { RequestQueue, type Answer, type Urgency } from "./request-queue.ts";

class Wire {
  readonly clock = new FakeClock();
  readonly sent: { name: MethodName; atMs: number; id: number }[] = [];
  readonly silences: MethodName[] = [];
  readonly life = new AbortController();
  readonly queue = new RequestQueue({
    clock: this.clock,
    send: (name, _params, id) => this.sent.push({ name, atMs: this.clock.monotonic(), id }),
    onAnswered: () => undefined,
    onSilence: (name) => this.silences.push(name),
  });

  constructor() {
    this.queue.run(this.life.signal).catch(() => undefined);
  }

  ask(
    name: MethodName,
    more: { urgency?: Urgency; signal?: AbortSignal; params?: Record<string, unknown> } = {},
  ): Promise<Answer> {
    const { urgency = "poll", signal = this.life.signal, params = {} } = more;
    const asking = this.queue.ask({ name, params, urgency, signal, deadlineMs: 10_000 });
    asking.catch(() => undefined);
    return asking;
  }

  /** Answers the request that is on its way. */
  async answer(more: Partial<Answer> = {}): Promise<void> {
    const { id = 0 } = this.sent.at(-1) ?? {};
    const answer: Answer = { kind: "answer", id, method: null, errorCode: 0, result: {}, ...more };
    this.queue.settle(answer, (name) => methods[name].method);
    await this.clock.advance(0);
  }

  names(): MethodName[] {
    return this.sent.map(({ name }) => name);
  }
}

describe("requests", () => {
  test("go out one at a time, two seconds apart", async () => {
    const wire = new Wire();
    const asking = [wire.ask("status"), wire.ask("attributes"), wire.ask("disk")];
    await wire.clock.advance(9000);
    assert.deepEqual(wire.names(), ["status"]);
    await wire.answer();
    await wire.answer();
    await wire.clock.advance(2000);
    await wire.answer();
    assert.deepEqual(
      wire.sent.map(({ name, atMs }) => [name, atMs]),
      [
        ["status", 0],
        ["attributes", 9000],
        ["disk", 11_000],
      ],
    );
    await Promise.all(asking);
  });

  test("are followed by five quiet seconds when they stay unanswered, and are not repeated", async () => {
    const wire = new Wire();
    const silent = assert.rejects(wire.ask("status"), { code: "timeout" });
    void wire.ask("disk");
    await wire.clock.advance(14_999);
    await silent;
    assert.deepEqual(wire.names(), ["status"]);
    await wire.clock.advance(1);
    assert.deepEqual(wire.names(), ["status", "disk"]);
    assert.deepEqual(wire.silences, ["status"]);
  });

  test("that someone asked for go before those that keep the state fresh", async () => {
    const wire = new Wire();
    void wire.ask("status");
    await wire.clock.advance(0);
    void wire.ask("disk");
    void wire.ask("pausePrint", { urgency: "asked" });
    await wire.answer();
    await wire.clock.advance(2000);
    assert.deepEqual(wire.names(), ["status", "pausePrint"]);
  });

  test("that are the same are sent once for all who wait", async () => {
    const wire = new Wire();
    void wire.ask("disk");
    await wire.clock.advance(0);
    const both = [wire.ask("status"), wire.ask("status", { urgency: "asked" })];
    await wire.answer();
    await wire.clock.advance(2000);
    await wire.answer({ result: { led: 1 } });
    assert.deepEqual(
      (await Promise.all(both)).map(({ result }) => result),
      [{ led: 1 }, { led: 1 }],
    );
    assert.deepEqual(wire.names(), ["disk", "status"]);
  });

  test("that nobody waits for any more do not go out", async () => {
    const wire = new Wire();
    void wire.ask("disk");
    await wire.clock.advance(0);
    const caller = new AbortController();
    const given = assert.rejects(wire.ask("stopPrint", { signal: caller.signal }), { name: "AbortError" });
    caller.abort();
    await given;
    await wire.answer();
    await wire.clock.advance(60_000);
    assert.deepEqual(wire.names(), ["disk"]);
  });

  test("that went out keep their place though nobody waits", async () => {
    const wire = new Wire();
    const caller = new AbortController();
    const given = assert.rejects(wire.ask("pausePrint", { signal: caller.signal }), { name: "AbortError" });
    await wire.clock.advance(0);
    caller.abort();
    await given;
    void wire.ask("status");
    await wire.clock.advance(9000);
    assert.deepEqual(wire.names(), ["pausePrint"]);
    await wire.answer();
    assert.deepEqual(wire.names(), ["pausePrint", "status"]);
  });

  test("are answered by their own id and method only", async () => {
    const wire = new Wire();
    const asking = wire.ask("status");
    await wire.clock.advance(0);
    await wire.answer({ id: 1 });
    await wire.answer({ method: 1021 });
    let settled = false;
    void asking.then(() => (settled = true));
    await wire.clock.advance(0);
    assert.equal(settled, false);
    await wire.answer({ method: 1002 });
    assert.equal((await asking).errorCode, 0);
  });

  test("end with the session", async () => {
    const wire = new Wire();
    const sent = assert.rejects(wire.ask("status"), { code: "unreachable" });
    const queued = assert.rejects(wire.ask("disk"), { code: "unreachable" });
    await wire.clock.advance(0);
    wire.queue.fail(new PrinterError("unreachable", "gone"));
    await Promise.all([sent, queued]);
    await assert.rejects(wire.ask("canvas"), { code: "unreachable" });
    wire.life.abort();
    await wire.clock.advance(0);
    assert.equal(wire.clock.pending, 0);
  });
});
