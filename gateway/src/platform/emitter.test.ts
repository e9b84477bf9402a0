import assert from "node:assert/strict";
import { it } from "node:test";
import { Emitter } from "./emitter.ts";

function create(): { emitter: Emitter<number>; errors: unknown[]; heard: string[] } {
  const errors: unknown[] = [];
  return { emitter: new Emitter<number>((error) => errors.push(error)), errors, heard: [] };
}

it("tells every listener until it is disposed", () => {
  const { emitter, heard } = create();
  const first = emitter.on((event) => heard.push(`first ${event}`));
  emitter.on((event) => heard.push(`second ${event}`));
  emitter.emit(1);
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  emitter.emit(2);
  assert.deepEqual(heard, ["first 1", "second 1", "second 2"]);
});

it("counts the same function twice when it listens twice", () => {
  const { emitter, heard } = create();
  const listener = (event: number): void => void heard.push(String(event));
  const once = emitter.on(listener);
  emitter.on(listener);
  emitter.emit(1);
  once[Symbol.dispose]();
  emitter.emit(2);
  assert.deepEqual(heard, ["1", "1", "2"]);
});

it("goes on when a listener throws, and tells of it", () => {
  const { emitter, errors, heard } = create();
  const fault = new Error("bad listener");
  emitter.on(() => {
    throw fault;
  });
  emitter.on((event) => heard.push(String(event)));
  emitter.emit(1);
  assert.deepEqual(heard, ["1"]);
  assert.deepEqual(errors, [fault]);
});

it("does not tell one who came during the event, nor one who left during it", () => {
  const { emitter, heard } = create();
  emitter.on(() => {
    emitter.on((event) => heard.push(`late ${event}`));
    gone[Symbol.dispose]();
  });
  const gone = emitter.on((event) => heard.push(`gone ${event}`));
  emitter.emit(1);
  assert.deepEqual(heard, []);
  emitter.emit(2);
  assert.deepEqual(heard, ["late 2"]);
});
