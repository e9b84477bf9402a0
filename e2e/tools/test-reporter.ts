// The reporter inside each test process: node's own spec output without its tail of totals, then
// one last line with the counts for test-file.ts to read. Loaded by --test-reporter.

import { Readable } from "node:stream";
import { spec, type TestEvent } from "node:test/reporters";

/** Before the JSON of the counts; no test prints it. */
export const countsMark = "\u0000counts ";

export interface TestCounts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

// node takes a reporter only as a default export.
// oxlint-disable-next-line import/no-default-export
export default async function* report(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  let counts: TestCounts = { passed: 0, failed: 0, skipped: 0 };
  async function* withoutTotals(): AsyncGenerator<TestEvent> {
    for await (const event of source) {
      if (event.type === "test:summary") {
        const { tests, passed, skipped, todo } = event.data.counts;
        counts = { passed, failed: tests - passed - skipped - todo, skipped: skipped + todo };
      }
      if (event.type !== "test:diagnostic" || event.data.nesting > 0) yield event;
    }
  }
  for await (const chunk of Readable.from(withoutTotals()).compose(new spec())) yield String(chunk);
  yield `\n${countsMark}${JSON.stringify(counts)}\n`;
}
