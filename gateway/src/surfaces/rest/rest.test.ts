// Each plain route and each way it can refuse.

import { strict as assert } from "node:assert";
import { test } from "node:test";
import { errorCodes, PrinterError, type ErrorCode } from "../../model/errors.ts";
import { FakeCamera, FakeFleet, fakePrinter, offlinePrinter, tinyJpeg } from "../fake-fleet.ts";
import { problemKinds, type Problem } from "../problem.ts";
import { startTestGateway } from "../test-gateway.ts";

const timeout = 30_000;

function fleetWithCamera(): { fleet: FakeFleet; camera: FakeCamera } {
  const fleet = new FakeFleet(fakePrinter("cc1"), offlinePrinter("old"));
  const camera = new FakeCamera();
  fleet.cameras.set("cc1", camera);
  return { fleet, camera };
}

async function problem(response: Response): Promise<Problem> {
  assert.match(response.headers.get("content-type") ?? "", /^application\/problem\+json/u);
  return (await response.json()) as Problem;
}

test("the list holds every printer in the order of the inventory", { timeout }, async () => {
  await using gateway = await startTestGateway(fleetWithCamera().fleet);
  const response = await fetch(`${gateway.url}/api/v1/printers`);
  const { items } = (await response.json()) as { items: { id: string; state: { connected: boolean } }[] };
  assert.deepEqual(
    items.map(({ id, state }) => [id, state.connected]),
    [
      ["cc1", true],
      ["old", false],
    ],
  );
});

test("a printer tells what it is, what it has and what can be asked of it", { timeout }, async () => {
  const printer = fakePrinter("p", {
    has: new Set(["stop", "bed"]),
    commands: new Set(["setHeaterTarget", "refresh"]),
    unavailable: new Map([["setLight", { retry: "later", reason: "not during a print" }]]),
  });
  await using gateway = await startTestGateway(new FakeFleet(printer));
  const response = await fetch(`${gateway.url}/api/v1/printers/p`);
  const { state, ...identity } = (await response.json()) as { state: Record<string, unknown> };
  assert.deepEqual(identity, {
    id: "p",
    name: "The p",
    family: "bench",
    model: "Bench One",
    firmware: "1.1.29",
    serial: "S-1",
    control: true,
    capabilities: ["bed", "stop"],
    commands: ["set-heater-target", "refresh"],
    unavailable: [{ command: "set-light", retryable: true, reason: "not during a print" }],
  });
  assert.deepEqual(
    [state["bed"], state["chamber"], state["fans"]],
    [{ actualCelsius: 60.1, targetCelsius: 60 }, null, []],
  );
});

test("the state of a printer that was never reached holds no reading", { timeout }, async () => {
  await using gateway = await startTestGateway(fleetWithCamera().fleet);
  const response = await fetch(`${gateway.url}/api/v1/printers/old/state`);
  const state = (await response.json()) as Record<string, unknown>;
  assert.deepEqual([state["connected"], state["phase"], state["job"], state["nozzles"]], [false, "unknown", null, []]);
});

test("every route of a printer that is not there answers 404 with a problem", { timeout }, async () => {
  await using gateway = await startTestGateway(fleetWithCamera().fleet);
  for (const path of ["", "/state", "/snapshot.jpg", "/camera.mjpeg"]) {
    const response = await fetch(`${gateway.url}/api/v1/printers/nope${path}`);
    const { code, printer, type } = await problem(response);
    assert.deepEqual(
      [response.status, code, printer, type],
      [404, "not_found", "nope", "urn:gantry:problem:not-found"],
    );
  }
});

test("an unknown path answers 404, a wrong method 405 with those that are right", { timeout }, async () => {
  await using gateway = await startTestGateway(fleetWithCamera().fleet);
  const nowhere = await fetch(`${gateway.url}/api/v2/printers`);
  assert.deepEqual([nowhere.status, (await problem(nowhere)).code], [404, "not_found"]);
  const wrong = await fetch(`${gateway.url}/api/v1/printers`, { method: "DELETE" });
  assert.equal(wrong.headers.get("allow"), "GET, HEAD");
  assert.deepEqual([wrong.status, (await problem(wrong)).type], [405, "urn:gantry:problem:method-not-allowed"]);
  const command = await fetch(`${gateway.url}/api/v1/printers/cc1/commands/pause`);
  assert.deepEqual([command.status, command.headers.get("allow")], [405, "POST"]);
});

test("a path that does not decode answers 4xx", { timeout }, async () => {
  await using gateway = await startTestGateway(fleetWithCamera().fleet);
  const response = await fetch(`${gateway.url}/api/v1/printers/%zz`);
  assert.deepEqual([response.status, (await problem(response)).code], [400, "invalid_input"]);
});

test("a snapshot is a picture that no one keeps", { timeout }, async () => {
  const { fleet } = fleetWithCamera();
  await using gateway = await startTestGateway(fleet);
  const response = await fetch(`${gateway.url}/api/v1/printers/cc1/snapshot.jpg`);
  assert.deepEqual(new Uint8Array(await response.arrayBuffer()), tinyJpeg);
  assert.equal(response.headers.get("content-type"), "image/jpeg");
  assert.equal(response.headers.get("cache-control"), "no-store");
});

test("pictures that do not come answer 503 with the reason and when to come again", { timeout }, async () => {
  const { fleet, camera } = fleetWithCamera();
  camera.failure = new PrinterError("unreachable", "the camera sends no pictures", {
    printer: "cc1",
    retryAfterMs: 1500,
  });
  await using gateway = await startTestGateway(fleet);
  for (const path of ["snapshot.jpg", "camera.mjpeg"]) {
    const response = await fetch(`${gateway.url}/api/v1/printers/cc1/${path}`);
    const { code, detail, retryable } = await problem(response);
    assert.deepEqual([response.status, code, retryable], [503, "unreachable", true]);
    assert.equal(detail, "the camera sends no pictures");
    assert.equal(response.headers.get("retry-after"), "2");
  }
});

test("HEAD opens no camera and no stream", { timeout }, async () => {
  const { fleet, camera } = fleetWithCamera();
  await using gateway = await startTestGateway(fleet);
  for (const path of ["printers/cc1/snapshot.jpg", "printers/cc1/camera.mjpeg", "events"]) {
    const response = await fetch(`${gateway.url}/api/v1/${path}`, { method: "HEAD" });
    assert.equal(response.status, 200);
  }
  assert.deepEqual(camera.opened, []);
});

test("a stream of pictures counts as what it says it is, and ends with the surface", { timeout }, async () => {
  const { fleet, camera } = fleetWithCamera();
  const gateway = await startTestGateway(fleet);
  const streams = await Promise.all(
    ["", "?viewer=rtsp"].map(async (query) => fetch(`${gateway.url}/api/v1/printers/cc1/camera.mjpeg${query}`)),
  );
  assert.deepEqual(camera.opened.toSorted(), ["mjpeg", "rtsp"]);
  const ended = Promise.all(streams.map(async (stream) => stream.arrayBuffer()));
  await gateway[Symbol.asyncDispose]();
  for (const bytes of await ended) assert.ok(bytes.byteLength > tinyJpeg.byteLength);
});

test("an unknown kind of viewer is refused", { timeout }, async () => {
  await using gateway = await startTestGateway(fleetWithCamera().fleet);
  for (const query of ["viewer=frigate", "viewer=rtsp&viewer=mjpeg"]) {
    const response = await fetch(`${gateway.url}/api/v1/printers/cc1/camera.mjpeg?${query}`);
    assert.deepEqual([response.status, (await problem(response)).code], [400, "invalid_input"]);
  }
});

test("health is ok and readiness tells of the inventory", { timeout }, async () => {
  const { fleet } = fleetWithCamera();
  await using gateway = await startTestGateway(fleet);
  const ask = async (path: string) => {
    const response = await fetch(`${gateway.url}/${path}`);
    return { status: response.status, body: (await response.json()) as { inventory?: unknown; reasons?: unknown } };
  };
  assert.deepEqual(await ask("healthz"), { status: 200, body: { status: "ok" } });
  assert.equal((await ask("readyz")).status, 200);
  fleet.inventory = { ...fleet.inventory, valid: false, problems: ["printers.yaml:1:1 bad"] };
  const refused = await ask("readyz");
  assert.equal(refused.status, 200, "an older inventory is in force");
  assert.deepEqual(refused.body.inventory, {
    valid: false,
    missing: false,
    loadedAt: "2026-01-01T00:00:00.000Z",
    problems: ["printers.yaml:1:1 bad"],
  });
  fleet.inventory = { ...fleet.inventory, loadedAtMs: null };
  const unready = await ask("readyz");
  assert.deepEqual([unready.status, unready.body.reasons], [503, ["printers.yaml:1:1 bad"]]);
  fleet.inventory = { ...fleet.inventory, valid: true, missing: true, problems: [] };
  assert.equal((await ask("readyz")).status, 200);
});

test("every error code has its own status and a problem without a stack", { timeout }, async () => {
  const { fleet } = fleetWithCamera();
  await using gateway = await startTestGateway(fleet);
  for (const code of Object.keys(errorCodes) as ErrorCode[]) {
    fleet.answer = () => {
      throw new PrinterError(code, `words of ${code}`, { printer: "cc1", cause: new Error("secret cause") });
    };
    const response = await fetch(`${gateway.url}/api/v1/printers/cc1/commands/pause`, { method: "POST" });
    const text = await response.clone().text();
    const told = await problem(response);
    assert.equal(response.status, problemKinds[code].status);
    assert.deepEqual([told.status, told.code, told.printer], [response.status, code, "cc1"]);
    assert.equal(told.retryable, errorCodes[code] !== "never");
    assert.doesNotMatch(text, /secret cause|\.ts:\d/u);
    assert.equal(response.headers.has("retry-after"), code === "unreachable" || code === "rate_limited");
  }
});

test("a fault of ours tells nothing of itself outside, and everything in the log", { timeout }, async () => {
  const { fleet } = fleetWithCamera();
  const logged: unknown[] = [];
  const error = (_message: string, fields?: object): void => void logged.push(fields);
  const log = { error, warn: error, info: () => undefined, debug: () => undefined, with: () => log };
  await using gateway = await startTestGateway(fleet, { log });
  const fault = new TypeError("x is not a function");
  fleet.answer = () => {
    throw fault;
  };
  const response = await fetch(`${gateway.url}/api/v1/printers/cc1/commands/pause`, { method: "POST" });
  const { detail } = await problem(response);
  assert.equal(response.status, 500);
  assert.doesNotMatch(detail, /function/u);
  assert.deepEqual(logged, [{ error: fault, method: "POST", path: "/api/v1/printers/cc1/commands/pause" }]);
});

test("what a camera sends is told, and nothing of a family's besides", { timeout }, async () => {
  const { fleet } = fleetWithCamera();
  const video = { url: "rtsps://h:322/live", username: "bblp", passwordKey: "access_code", certificateSha256: null };
  const hasMore = { ...video, password: "hunter2" };
  await using gateway = await startTestGateway(fleet);
  const kind = async (id: string): Promise<unknown> =>
    (await fetch(`${gateway.url}/api/v1/printers/${id}/camera`)).json();
  assert.deepEqual(await kind("cc1"), { kind: "pictures" });
  fleet.videos.set("cc1", hasMore);
  assert.deepEqual(await kind("cc1"), { kind: "video", ...video });
  assert.equal(((await kind("old")) as Problem).code, "not_found");
});
