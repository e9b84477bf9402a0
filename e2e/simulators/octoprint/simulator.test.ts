import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, beforeEach, describe, test } from "node:test";
import { WebSocket } from "ws";
import { startSimulator, type LaunchedSimulator } from "../launch.ts";

type Json = Readonly<Record<string, unknown>>;

function withoutJob(command: string): readonly unknown[] {
  return [409, `Printer is neither printing nor paused, '${command}' command cannot be performed`];
}

describe("the simulated OctoPrint", { concurrency: false, timeout: 60_000 }, () => {
  const stack = new AsyncDisposableStack();
  let simulator: LaunchedSimulator;
  let url = "";
  let key = "";

  before(async () => {
    simulator = stack.use(await startSimulator({ family: "octoprint", ports: { main: 0 } }));
    url = `http://127.0.0.1:${simulator.ports["main"]}`;
    key = simulator.facts["api_key"] ?? "";
  });
  beforeEach(() => simulator.control.setScenario("idle"));
  after(async () => stack.disposeAsync());

  const call = async (method: string, path: string, body?: Json | FormData): Promise<[number, Json]> => {
    const form = body instanceof FormData;
    const response = await fetch(url + path, {
      method,
      headers: { "x-api-key": key, ...(form || body === undefined ? {} : { "content-type": "application/json" }) },
      ...(body === undefined ? {} : { body: form ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return [response.status, text.startsWith("{") ? (JSON.parse(text) as Json) : {}];
  };
  const status = async (method: string, path: string, body?: Json): Promise<unknown[]> => {
    const [code, { error }] = await call(method, path, body);
    return error === undefined ? [code] : [code, error];
  };

  test("a stranger is a guest: 403, never 401", async () => {
    for (const headers of [{}, { "x-api-key": "wrong" }]) {
      assert.equal((await fetch(`${url}/api/version`, { headers })).status, 403);
    }
    assert.deepEqual(await call("GET", "/api/version"), [
      200,
      { api: "0.1", server: "1.11.8", text: "OctoPrint 1.11.8" },
    ]);
  });

  test("without a machine /api/printer is 409 and the job is still told", async () => {
    simulator.control.setScenario("disconnected");
    const away = [409, "Printer is not operational"];
    assert.deepEqual(await status("GET", "/api/printer"), away);
    assert.deepEqual(await status("POST", "/api/job", { command: "nonsense" }), away);
    assert.equal((await call("GET", "/api/job"))[1]["state"], "Offline");
    const [, { current }] = await call("GET", "/api/connection");
    assert.equal((current as Json)["state"], "Closed");
    assert.deepEqual(await status("POST", "/api/files/local/cube.gcode", { command: "select" }), [
      409,
      "Printer is already printing, cannot select a new file",
    ]);
  });

  test("an error stays in the job until the machine is connected again", async () => {
    simulator.control.setScenario("error");
    const [, job] = await call("GET", "/api/job");
    assert.deepEqual([job["state"], /Heating failed/u.test(String(job["error"]))], ["Offline after error", true]);
    assert.deepEqual(await status("POST", "/api/connection", { command: "connect", port: "nope" }), [
      400,
      "port is invalid",
    ]);
    assert.deepEqual(await status("POST", "/api/connection", { command: "connect" }), [204]);
    assert.equal((await call("GET", "/api/job"))[1]["error"], undefined);
  });

  test("job commands are refused as OctoPrint refuses them", async () => {
    assert.deepEqual(await status("POST", "/api/job", { command: "cancel" }), withoutJob("cancel"));
    assert.deepEqual(await status("POST", "/api/job", { command: "pause", action: "pause" }), withoutJob("pause"));
    assert.deepEqual(await status("POST", "/api/job", { command: "start" }), [204]); // nothing is selected
    assert.equal((await call("GET", "/api/job"))[1]["state"], "Operational");
    assert.deepEqual(await status("POST", "/api/job", { command: "dance" }), [400, "command is invalid"]);
  });

  test("temperatures have no limit, and a jog without an axis is a fault of the server", async () => {
    const hot = { command: "target", targets: { tool9: 2000 } };
    assert.deepEqual(await status("POST", "/api/printer/tool", hot), [204]);
    assert.deepEqual(await status("POST", "/api/printer/chamber", { command: "target", target: 1 }), [
      409,
      "Printer does not have a heated chamber",
    ]);
    assert.equal((await status("POST", "/api/printer/printhead", { command: "jog" }))[0], 500);
  });

  test("an upload needs its length, is cleaned in name, and prints only where that is possible", async () => {
    const form = new FormData();
    form.set("file", new Blob(["G28\n"]), "a:b?.gcode");
    form.set("path", "new/folder");
    form.set("print", "true");
    simulator.control.setScenario("printing");
    const [code, { effectivePrint, files }] = await call("POST", "/api/files/local", form);
    const stored = (files as Json)["local"] as Json;
    assert.deepEqual([code, effectivePrint, stored["path"]], [201, false, "new/folder/ab.gcode"]);
    const chunked = await fetch(`${url}/api/files/local`, {
      method: "POST",
      headers: { "x-api-key": key, "content-type": "multipart/form-data; boundary=x" },
      body: new Blob(["--x--"]).stream(),
      duplex: "half",
    });
    assert.equal(chunked.status, 411);
    assert.deepEqual(await status("DELETE", "/api/files/local/cube.gcode"), [
      409,
      "Trying to delete a file that is currently in use",
    ]);
  });

  test("the push socket says nothing before it knows who listens", async () => {
    const [, { name, session }] = await call("POST", "/api/login", { passive: true });
    const socket = new WebSocket(`${url.replace("http", "ws")}/sockjs/websocket`);
    const kinds: string[] = [];
    socket.on("message", (data: Buffer) => kinds.push(Object.keys(JSON.parse(data.toString()) as Json)[0] ?? ""));
    await once(socket, "message");
    socket.send(JSON.stringify({ auth: "admin:wrong" }));
    await once(socket, "message");
    socket.send(JSON.stringify({ auth: `${String(name)}:${String(session)}` }));
    while (!kinds.includes("current")) await once(socket, "message");
    assert.deepEqual(kinds.slice(0, 3), ["connected", "reauthRequired", "history"]);
    socket.ping();
    await once(socket, "pong");
    socket.close();
    await once(socket, "close");
  });
});
