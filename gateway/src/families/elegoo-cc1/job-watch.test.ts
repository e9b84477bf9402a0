import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import type { Readings } from "../../model/printer.ts";
import { JobWatch } from "./job-watch.ts";
import { readStatus } from "./state.ts";
import { readTask, type Task } from "./tasks.ts";

const file = "cube.gcode";

function status(list: number[], code: number, info: Record<string, unknown> = {}): Readings {
  const job = list.includes(1) ? { Filename: file, TaskId: "t1" } : {};
  return readStatus({ CurrentStatus: list, PrintInfo: { Status: code, ...job, ...info } });
}

function task(taskStatus: number, reason = 0): Task | null {
  return readTask({ TaskId: "t1", TaskName: `/local/${file}`, TaskStatus: taskStatus, ErrorStatusReason: reason });
}

/** A watch whose history answers when the test says so, and all it has shown. */
class Bench {
  readonly asked: string[] = [];
  readonly shown: Readings[] = [];
  #answer = Promise.withResolvers<Task | null>();
  #last: Readings | undefined;
  readonly #watch = new JobWatch({
    explain: async (id, occasion) => {
      this.asked.push(`${id} ${occasion}`);
      return this.#answer.promise;
    },
    changed: () => {
      if (this.#last !== undefined) this.take(this.#last);
    },
  });

  take(readings: Readings): Readings {
    this.#last = readings;
    const shown = this.#watch.show(readings);
    this.shown.push(shown);
    return shown;
  }

  async answer(explanation: Task | null): Promise<void> {
    this.#answer.resolve(explanation);
    this.#answer = Promise.withResolvers();
    await turn();
  }

  get phases(): string[] {
    return this.shown.map(({ phase }) => phase).filter((phase, index, all) => phase !== all[index - 1]);
  }
}

describe("the end of a job", () => {
  test("is told with its file where one push alone says complete, the name gone already", () => {
    const bench = new Bench();
    bench.take(status([1], 13));
    const shown = bench.take(status([1], 9, { Filename: "", TaskId: "" }));
    assert.deepEqual([shown.phase, shown.job?.file], ["finished", file]);
    bench.take(status([0], 0));
    assert.deepEqual(bench.phases, ["printing", "finished"]);
    assert.deepEqual(bench.asked, []);
  });

  test("is told from the sticky sub-status without asking anybody", () => {
    const bench = new Bench();
    bench.take(status([1], 13));
    bench.take(status([0], 9));
    bench.take(status([0], 9));
    assert.deepEqual(bench.phases, ["printing", "finished"]);
    assert.deepEqual(bench.asked, []);
  });

  for (const [taskStatus, phase] of [
    [1, "finished"],
    [2, "failed"],
    [3, "stopped"],
  ] as const) {
    test(`that no push has shown is read from the history: ${phase}`, async () => {
      const bench = new Bench();
      bench.take(status([1], 13));
      assert.equal(bench.take(status([0], 0)).phase, "printing", "held back until it is known");
      await bench.answer(task(taskStatus));
      bench.take(status([0], 0));
      assert.deepEqual(bench.phases, ["printing", phase]);
      assert.deepEqual(bench.asked, ["t1 end"]);
    });
  }

  test("is told once even where the machine goes on to something else at once", async () => {
    const bench = new Bench();
    bench.take(status([1], 13));
    bench.take(status([8], 10));
    await bench.answer(task(1));
    bench.take(status([8], 10));
    bench.take(status([0], 0));
    assert.deepEqual(bench.phases, ["printing", "finished", "busy", "finished"]);
  });

  test("of which the history knows nothing leaves the machine idle, and nothing is invented", async () => {
    const bench = new Bench();
    bench.take(status([1], 13));
    bench.take(status([0], 0));
    await bench.answer(null);
    assert.deepEqual(bench.phases, ["printing", "idle"]);
  });

  test("by a failure carries the reason in words, in place of not knowing one", async () => {
    const bench = new Bench();
    bench.take(status([1], 13));
    assert.equal(bench.take(status([1], 14)).phase, "printing", "held back until the reason is known");
    await bench.answer(task(4, 18));
    assert.deepEqual(bench.shown.at(-1)?.faults, [
      {
        code: "reason-18",
        severity: "error",
        text: "an object lies on the plate, or the print came off it",
        help: null,
      },
    ]);
    bench.take(status([0], 14));
    await bench.answer(task(2, 18));
    assert.deepEqual(bench.phases, ["printing", "failed"]);
    assert.equal(bench.take(status([0], 14)).faults[0]?.code, "reason-18");
  });

  test("by a failure without a reason says where to look", async () => {
    const bench = new Bench();
    bench.take(status([1], 13));
    bench.take(status([0], 14));
    await bench.answer(task(2, 0));
    assert.match(bench.shown.at(-1)?.faults[0]?.text ?? "", /screen/u);
  });

  test("is forgotten when the next job begins", async () => {
    const bench = new Bench();
    bench.take(status([1], 13));
    bench.take(status([0], 14));
    await bench.answer(task(2, 3));
    const next = bench.take(status([1], 18, { TaskId: "t2" }));
    assert.deepEqual([next.phase, next.faults, next.job?.id], ["preparing", [], "t2"]);
  });
});

test("a pause that the printer made itself carries its reason, asked for once", async () => {
  const bench = new Bench();
  bench.take(status([1], 13));
  bench.take(status([1], 5));
  assert.equal(bench.take(status([1], 6)).phase, "pausing");
  await bench.answer(task(5, 3));
  const { phase, faults } = bench.take(status([1], 6));
  assert.deepEqual(
    [phase, faults.map(({ severity, text }) => [severity, text])],
    ["paused", [["warning", "the filament ran out"]]],
  );
  assert.deepEqual(bench.take(status([1], 13)).faults, []);
  assert.deepEqual(bench.asked, ["t1 pause"]);
});

test("a printer that gives no task id is not asked about, and its states are told as they come", () => {
  const bench = new Bench();
  for (const [list, code] of [
    [[1], 13],
    [[1], 6],
    [[1], 14],
    [[0], 14],
  ] as const) {
    bench.take(status([...list], code, { TaskId: "" }));
  }
  assert.deepEqual(bench.phases, ["printing", "paused", "failed"]);
  assert.deepEqual(bench.asked, []);
});
