// The hidden control: what it takes, what it refuses, and that refusals change nothing.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { startSimulator } from "../launch.ts";

const camera = { family: "mjpeg-camera", ports: { main: 0 }, settings: { size: "160x160" } } as const;

async function post(admin: string, path: string, body: string): Promise<{ status: number; text: string }> {
  const response = await fetch(`${admin}${path}`, { method: "POST", body });
  return { status: response.status, text: await response.text() };
}

describe("the admin interface", { timeout: 60_000 }, () => {
  test("answers bad input with 400 and what is legal", async () => {
    await using simulator = await startSimulator(camera);
    const refused: readonly (readonly [string, string, RegExp])[] = [
      ["/fault", "{}", /name of a fault/],
      ["/fault", "not JSON", /one JSON object/],
      ["/fault", "[1]", /one JSON object/],
      ["/fault", '{"name":"no-such"}', /legal: .*half-frame.*stall/],
      ["/fault", '{"name":"toString"}', /legal: /],
      ["/fault", '{"name":"stall","bogus":1}', /not a parameter here; legal: seconds/],
      ["/fault", '{"name":"rate-change","fps":1000}', /number from 0.1 to 60/],
      ["/fault", '{"name":"rate-change"}', /number from 0.1 to 60/],
      ["/fault", '{"name":"stall","clear":"yes"}', /true or false/],
      ["/scenario", '{"name":"dancing"}', /legal: printing, idle/],
      ["/advance", '{"seconds":-1}', /above 0/],
      ["/fault", `{"name":"${"x".repeat(70_000)}"}`, /at most/],
    ];
    for (const [path, body, message] of refused) {
      const { status, text } = await post(simulator.admin, path, body);
      assert.equal(status, 400, body.slice(0, 60));
      assert.match(text, message);
    }
    const { active } = (await (await fetch(simulator.admin)).json()) as { active: unknown };
    assert.deepEqual(active, {});
  });

  test("shows, sets and clears faults, one or all", async () => {
    await using simulator = await startSimulator(camera);
    const active = async (): Promise<unknown> =>
      ((await (await fetch(simulator.admin)).json()) as { active: unknown }).active;
    await post(simulator.admin, "/fault", '{"name":"stall"}');
    await post(simulator.admin, "/fault", '{"name":"rate-change","fps":5}');
    assert.deepEqual(await active(), { stall: {}, "rate-change": { fps: 5 } });
    await post(simulator.admin, "/fault", '{"name":"stall","clear":true}');
    assert.deepEqual(await active(), { "rate-change": { fps: 5 } });
    await post(simulator.admin, "/fault", '{"clear":true}');
    assert.deepEqual(await active(), {});
    await post(simulator.admin, "/fault", '{"name":"stall","seconds":0.05}');
    while (Object.keys((await active()) as object).length > 0) await new Promise((resolve) => setImmediate(resolve));
  });

  test("tells what was received, and what there is to ask", async () => {
    await using simulator = await startSimulator(camera);
    await fetch(`http://${simulator.host}:${simulator.ports["main"]}/nothing`);
    const { items } = (await (await fetch(`${simulator.admin}/log`)).json()) as { items: Record<string, unknown>[] };
    assert.equal(items[0]?.["request"], "GET /nothing");
    const after = (await (await fetch(`${simulator.admin}/log?after=1`)).json()) as { items: unknown[] };
    assert.deepEqual(after.items, []);
    assert.equal((await fetch(`${simulator.admin}/nothing`)).status, 404);
    assert.equal((await fetch(`${simulator.admin}/fault`)).status, 404, "only POST");
  });

  test("starting a family, scenario, port or setting that does not exist says what does", async () => {
    const wrong = { name: "UsageError" };
    await assert.rejects(startSimulator({ family: "constructor" }), wrong);
    await assert.rejects(startSimulator({ ...camera, scenario: "dancing" }), wrong);
    await assert.rejects(startSimulator({ ...camera, ports: { main: 0, other: 1 } }), wrong);
    await assert.rejects(startSimulator({ ...camera, settings: { size: "big" } }), wrong);
    await assert.rejects(
      startSimulator({ family: "elegoo-cc1", ports: { main: 0 }, settings: { profile: "x" } }),
      wrong,
    );
  });
});
