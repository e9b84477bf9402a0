import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isMedia } from "../../model/commands.ts";
import { Bench, until } from "./stub-printer.ts";

const details = [
  {
    TaskId: "b",
    TaskName: "/local/b.gcode",
    BeginTime: 1_760_000_000,
    EndTime: 1_760_003_600,
    TaskStatus: 2,
    AlreadyPrintLayer: 7,
    ErrorStatusReason: 3,
    TimeLapseVideoStatus: 1,
    TimeLapseVideoUrl: "/local/aic_tlp/b.mp4",
  },
  { TaskId: "a", TaskName: "a.gcode", BeginTime: 0, EndTime: 0, TaskStatus: 5, TimeLapseVideoStatus: 3 },
  { TaskId: "c", TaskStatus: 0, ErrorStatusReason: 77, TimeLapseVideoStatus: 0 },
];

async function open(): Promise<Bench> {
  const bench = await Bench.open((stub) => {
    stub.answers = {
      320: { HistoryData: ["a", "b", "gone", "c", 5] },
      321: ({ Id }) => ({
        HistoryDetailList: [...details, null].filter((one) => (Id as string[]).includes(one?.TaskId ?? "")),
      }),
      323: { Data: ["/local/aic_tlp/b%20.mp4"] },
    };
    stub.web = (_request, _body, response) => response.end("video");
  });
  await until(() => bench.has.has("timelapses"));
  return bench;
}

describe("the history", () => {
  test("is read with exact payloads and told in the printer's order, in words", async () => {
    await using bench = await open();
    assert.deepEqual(await bench.ask("listHistory", {}), {
      items: [
        { id: "a", file: "a.gcode", result: "running", reason: null, startedAt: null, endedAt: null, layers: null },
        {
          id: "b",
          file: "b.gcode",
          result: "failed",
          reason: "the filament ran out",
          startedAt: "2025-10-09T08:53:20.000Z",
          endedAt: "2025-10-09T09:53:20.000Z",
          layers: 7,
        },
        {
          id: "c",
          file: null,
          result: "unknown",
          reason: "reason 77, which this version of Gantry does not know",
          startedAt: null,
          endedAt: null,
          layers: null,
        },
      ],
    });
    assert.deepEqual([bench.stub.last(320), bench.stub.last(321)], [{}, { Id: ["a", "b", "gone", "c"] }]);
    await bench.ask("listHistory", { limit: 1 });
    assert.deepEqual(bench.stub.last(321), { Id: ["a"] });
  });

  test("that is empty asks for no details", async () => {
    await using bench = await open();
    bench.stub.answers = { 320: { HistoryData: [] } };
    assert.deepEqual(await bench.ask("listHistory", {}), { items: [] });
    assert.ok(!bench.stub.commands().includes(321));
  });
});

describe("time-lapses", () => {
  test("are the jobs of the history that have one", async () => {
    await using bench = await open();
    assert.deepEqual(await bench.ask("listTimelapses"), {
      items: [
        { id: "a", file: "a.gcode", status: "making", recordedAt: null },
        { id: "b", file: "b.gcode", status: "ready", recordedAt: "2025-10-09T09:53:20.000Z" },
      ],
    });
  });

  test("are exported with the printer's own address and read from the path it gives", async () => {
    await using bench = await open();
    const media = await bench.ask("downloadTimelapse", { id: "b" });
    assert.ok(isMedia(media));
    for await (const part of media.content) assert.equal(Buffer.from(part).toString(), "video");
    assert.equal(media.mediaType, "video/mp4");
    assert.deepEqual(bench.stub.last(323), { Url: ["/local/aic_tlp/b.mp4"] });
    assert.deepEqual(bench.stub.fetched, ["GET /local/aic_tlp/b%20.mp4"]);
  });

  test("that are not ready, not there, or would disturb a print are not exported", async () => {
    await using bench = await open();
    for (const id of ["a", "c", "gone"]) {
      await assert.rejects(bench.ask("downloadTimelapse", { id }), { code: "not_found" }, id);
    }
    bench.stub.currentStatus = [1];
    await bench.push();
    await assert.rejects(bench.ask("downloadTimelapse", { id: "b" }), { code: "wrong_phase" });
    assert.ok(!bench.stub.commands().includes(323));
  });
});
