// Bambu's cloud through a gateway that runs: the log-in from the command line, the commands on every
// surface, a printer read through the cloud's broker, and back on its own network. Loopback only.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { describe, test } from "node:test";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { accounts, password, rightCode } from "../simulators/bambu-cloud/login.ts";
import { mailAddress } from "../simulators/bambu-cloud/web.ts";
import { startSimulator, type LaunchedSimulator } from "../simulators/launch.ts";
import { connections } from "../contract/connections.ts";
import { root } from "../tools/paths.ts";
import { Service } from "./harness/service.ts";
import { until } from "./harness/until.ts";

const timeout = 280_000;
const slowMs = 120_000;

type Json = Readonly<Record<string, unknown>>;

async function fault({ admin }: LaunchedSimulator, name: string, more: Json = {}): Promise<void> {
  const response = await fetch(`${admin}/fault`, { method: "POST", body: JSON.stringify({ name, ...more }) });
  assert.equal(response.status, 200, await response.text());
}

function urlOf({ host, ports }: LaunchedSimulator): string {
  return `http://${host}:${ports["main"]}`;
}

/** The inventory keys that reach a simulated cloud. */
function cloudKeys(cloud: LaunchedSimulator): Json {
  const broker = { cloud_mqtt_host: "localhost", cloud_mqtt_port: cloud.ports["mqtt"] };
  return { serial: cloud.facts["serial"], cloud_url: urlOf(cloud), ...broker };
}

interface Ended {
  readonly code: unknown;
  readonly output: string;
}

/** Runs the log-in with these lines as its input. */
async function logIn(cloud: LaunchedSimulator, file: string, lines: readonly string[]): Promise<Ended> {
  const hosts = ["--url", urlOf(cloud), "--web-url", urlOf(cloud)];
  const child = spawn(process.execPath, ["gateway/src/main.ts", "login", "bambu", "--file", file, ...hosts], {
    cwd: root,
    timeout: slowMs,
  });
  const ended = once(child, "close") as Promise<[unknown]>;
  child.stdin.end(`${lines.join("\n")}\n`);
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { code, output: stdout + stderr };
}

/** A gateway with these printers that trusts the simulated cloud's certificate. */
class Gateway implements AsyncDisposable {
  readonly service: Service;
  readonly folder: string;
  url = "";
  /** Every answer so far. */
  said = "";

  private constructor(folder: string, ca: string) {
    this.folder = folder;
    this.service = new Service("gateway", ["gateway/src/main.ts"], {
      GANTRY_INVENTORY: join(folder, "printers.yaml"),
      GANTRY_DATA_DIR: join(folder, "data"),
      GANTRY_HTTP_HOST: "127.0.0.1",
      GANTRY_HTTP_PORT: "0",
      GANTRY_LOG_LEVEL: "debug",
      NODE_EXTRA_CA_CERTS: ca,
    });
  }

  static async start(folder: string, cloud: LaunchedSimulator, connectionsOf: Record<string, Json>): Promise<Gateway> {
    const printers = Object.entries(connectionsOf).map(([id, connection]) => ({
      id,
      family: "bambu",
      control: true,
      connection,
    }));
    await writeFile(join(folder, "printers.yaml"), JSON.stringify({ printers }));
    const gateway = new Gateway(folder, cloud.facts["ca"] ?? "");
    gateway.url = String((await gateway.service.listening())["http"]);
    return gateway;
  }

  async get(path: string): Promise<Json> {
    return this.#read(fetch(`${this.url}${path}`, { signal: AbortSignal.timeout(slowMs) }));
  }

  async command(printer: string, name: string): Promise<Json> {
    const url = `${this.url}/api/v1/printers/${printer}/commands/${name}`;
    return this.#read(fetch(url, { method: "POST", signal: AbortSignal.timeout(slowMs) }));
  }

  async state(printer: string): Promise<Json> {
    return this.get(`/api/v1/printers/${printer}/state`);
  }

  async connected(printer: string): Promise<Json> {
    return until(
      `${printer} is connected`,
      async () => {
        const state = await this.state(printer);
        return state["connected"] === true && state;
      },
      slowMs,
    );
  }

  /** Seldom asked commands, of the printer `far`. */
  async tools(commands: readonly string[]): Promise<void> {
    const client = new Client({ name: "test", version: "1" });
    await client.connect(new StreamableHTTPClientTransport(new URL(`${this.url}/mcp`)));
    this.said += JSON.stringify(await client.listTools());
    for (const command of commands) {
      const result = await client.callTool({ name: "run_command", arguments: { printer: "far", command } });
      assert.notEqual(result.isError, true, JSON.stringify(result));
      this.said += JSON.stringify(result);
    }
    await client.close();
  }

  async #read(asked: Promise<Response>): Promise<Json> {
    const body = await (await asked).text();
    this.said += `${body}\n`;
    return JSON.parse(body) as Json;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.service[Symbol.asyncDispose]();
  }
}

interface Folder extends AsyncDisposable {
  readonly path: string;
}

async function openFolder(): Promise<Folder> {
  const path = await mkdtemp(join(tmpdir(), "gantry-cloud-"));
  return { path, [Symbol.asyncDispose]: async () => rm(path, { recursive: true, force: true }) };
}

describe("logging in to Bambu's cloud from the command line", { timeout, concurrency: false }, () => {
  const ways: Readonly<Record<string, readonly string[]>> = {
    "with a password": [accounts.plain, password],
    "with a wrong and then the right code from the mail": [accounts.mail, password, "999999", rightCode],
    "with a wrong and then the right code of an authenticator": [accounts.tfa, password, "111111", rightCode],
  };
  for (const [way, lines] of Object.entries(ways)) {
    test(`${way} gives a token that works, in a file for its owner alone`, async () => {
      await using cloud = await startSimulator({ family: "bambu-cloud", ports: { main: 0 } });
      await using folder = await openFolder();
      const file = join(folder.path, "token");
      const { code, output } = await logIn(cloud, file, lines);
      assert.equal(code, 0, output);
      assert.match(output, /cloud_token_file: /u);
      assert.equal((await stat(file)).mode & 0o777, 0o600);
      const token = (await readFile(file, "utf8")).trim();
      assert.ok(!output.includes(token) && !output.includes(password));
      const answer = await fetch(`${urlOf(cloud)}/v1/design-user-service/my/preference`, {
        headers: { authorization: `Bearer ${token}` },
      });
      assert.equal(answer.status, 200);
      const { codesSent } = cloud.control.counters();
      assert.equal(codesSent, lines[0] === accounts.mail ? 1 : 0);
    });
  }

  test("a wrong password, no more input, the cloud's guard and a wrong command line are told, and nothing is written", async () => {
    await using cloud = await startSimulator({ family: "bambu-cloud", ports: { main: 0 } });
    await using folder = await openFolder();
    const file = join(folder.path, "token");
    const wrong = await logIn(cloud, file, [accounts.plain, "guess-of-mine"]);
    assert.deepEqual([wrong.code, /refuses the account or password/u.test(wrong.output)], [1, true]);
    assert.ok(!wrong.output.includes("guess-of-mine"));
    const short = await logIn(cloud, file, [accounts.plain]);
    assert.deepEqual([short.code, /broken off/u.test(short.output)], [1, true]);
    await fault(cloud, "guard");
    const blocked = await logIn(cloud, file, [accounts.plain, password]);
    assert.deepEqual([blocked.code, /browser/u.test(blocked.output)], [1, true]);
    const child = spawn(process.execPath, ["gateway/src/main.ts", "login", "bambu"], { cwd: root });
    const [said, [code]] = await Promise.all([text(child.stderr), once(child, "close")]);
    assert.deepEqual([code, /--file FILE.*families: bambu/u.test(said)], [2, true]);
    await assert.rejects(stat(file), /ENOENT/u);
  });
});

describe("a gateway with Bambu's cloud", { timeout, concurrency: false }, () => {
  test("shows account, printers, job and history on REST and MCP, reads the printer through the broker, and commands nothing", async () => {
    await using cloud = await startSimulator({ family: "bambu-cloud", ports: { main: 0 } });
    await using folder = await openFolder();
    const { token = "", access_code: code = "" } = cloud.facts;
    await writeFile(join(folder.path, "token"), `${token}\n`);
    await using gateway = await Gateway.start(folder.path, cloud, {
      far: { ...cloudKeys(cloud), cloud_token_file: "token" },
      cookie: { ...cloudKeys(cloud), cloud_cookie: `a=b; token=${token}; c=d` },
    });
    const state = await gateway.connected("far");
    assert.equal(state["phase"], "idle");
    await gateway.connected("cookie");
    const account = await gateway.command("far", "get-cloud-account");
    assert.deepEqual([account["name"], account["status"]], ["Workshop", "ok"]);
    const printers = (await gateway.command("cookie", "list-cloud-printers"))["items"] as readonly Json[];
    assert.deepEqual([printers.length, printers[0]?.["name"]], [1, "Workshop P1S"]);
    assert.equal(((await gateway.command("far", "get-cloud-status"))["job"] as Json)["file"], "bracket_v2");
    assert.equal(((await gateway.command("far", "list-cloud-jobs"))["items"] as unknown[]).length, 3);
    await gateway.command("far", "refresh");
    await gateway.command("far", "get-report");
    for (const name of ["pause", "stop", "list-files"]) {
      assert.match(String((await gateway.command("far", name))["detail"]), /the cloud link only reads/u, name);
    }
    await gateway.tools(["get_cloud_account", "list_cloud_printers", "get_cloud_status", "list_cloud_jobs"]);
    await gateway.get("/api/v1/printers");
    gateway.said += await (await fetch(`${gateway.url}/metrics`)).text();
    const { commands, writes, requests } = cloud.control.counters() as {
      commands: Json;
      writes: number;
      requests: Json;
    };
    assert.deepEqual(Object.keys(commands).toSorted(), ["info.get_version", "pushing.pushall"]);
    assert.equal(writes, 0);
    assert.equal(requests["GET /v1/design-user-service/my/preference"], 1, "one for both, within the minute");
    const all = gateway.said + gateway.service.lines.join("\n");
    for (const secret of [token, code, mailAddress]) assert.ok(!all.includes(secret), secret);
  });

  test("a printer that is lost on its network is read through the cloud, and on its network again when it is back", async () => {
    await using printer = await startSimulator({ family: "bambu", ports: { main: 0 }, scenario: "printing" });
    const settings = { serial: printer.facts["serial"] ?? "" };
    await using cloud = await startSimulator({ family: "bambu-cloud", ports: { main: 0 }, settings });
    await using folder = await openFolder();
    const lan = connections["bambu"]?.(printer);
    await using gateway = await Gateway.start(folder.path, cloud, {
      both: { ...lan, ...cloudKeys(cloud), cloud_token: cloud.facts["token"] },
    });
    assert.equal((await gateway.connected("both"))["phase"], "printing");
    const mqtt = () => cloud.control.counters()["mqtt"] as { readonly logins: number; readonly open: number };
    assert.equal(mqtt().logins, 0, "its own network comes first");
    await fault(printer, "power-cut");
    // The printer behind the cloud is another one, which is idle.
    await until("it is read through the cloud", async () => (await gateway.state("both"))["phase"] === "idle", slowMs);
    assert.match(gateway.service.lines.join("\n"), /read through the cloud/u);
    assert.match(String((await gateway.command("both", "pause"))["detail"]), /the cloud link only reads/u);
    await fault(printer, "power-cut", { clear: true });
    await until("the cloud is left again", () => mqtt().open === 0, slowMs);
    await gateway.connected("both");
    await until("its own network carries commands", async () =>
      /not possible while the printer is/u.test(String((await gateway.command("both", "pause"))["detail"])),
    );
  });

  test("a printer that is off is told so, the cloud is asked seldom, and a token that ended is told", async () => {
    await using cloud = await startSimulator({ family: "bambu-cloud", ports: { main: 0 } });
    await fault(cloud, "offline");
    await using folder = await openFolder();
    await using gateway = await Gateway.start(folder.path, cloud, {
      off: {
        ...cloudKeys(cloud),
        host: "127.0.0.1",
        mqtt_port: 9,
        access_code: "x",
        cloud_token: cloud.facts["token"],
      },
      ended: { ...cloudKeys(cloud), cloud_token: "a-token-that-has-ended" },
    });
    const reason = async (id: string, wanted: RegExp): Promise<void> =>
      void (await until(`${id}: ${wanted}`, async () => wanted.test(String((await gateway.state(id))["reason"]))));
    await reason("off", /nothing listens.*the cloud does not see the printer either/u);
    await reason("ended", /no longer takes the token: log in again/u);
    const { requests, mqtt } = cloud.control.counters() as { requests: Record<string, number>; mqtt: Json };
    const lines = gateway.service.log.filter(({ msg }) => msg === "no session").length;
    await until(
      "it was tried again",
      () => gateway.service.log.filter(({ msg }) => msg === "no session").length > lines + 2,
    );
    assert.ok((requests["GET /v1/iot-service/api/user/bind"] ?? 0) <= 2, JSON.stringify(requests));
    assert.equal(mqtt["logins"], 0);
  });

  test("a broker that refuses the token, and one that cannot be reached, are told", async () => {
    await using refusing = await startSimulator({ family: "bambu-cloud", ports: { main: 0 } });
    await fault(refusing, "broker-refuses");
    await using folder = await openFolder();
    await using gateway = await Gateway.start(folder.path, refusing, {
      refused: { ...cloudKeys(refusing), cloud_token: refusing.facts["token"] },
      nowhere: { ...cloudKeys(refusing), cloud_token: refusing.facts["token"], cloud_mqtt_port: 9 },
    });
    for (const [id, wanted] of [
      ["refused", /the cloud's broker refuses the token/u],
      ["nowhere", /the cloud's broker cannot be reached/u],
    ] as const) {
      await until(`${id} is told`, async () => wanted.test(String((await gateway.state(id))["reason"])));
    }
  });
});
