// The Bambu family's cloud account against the simulated cloud, on a clock that the test moves: which
// address answers, what is kept, what stops everything, and what never leaves.

import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { CloudAccount } from "@gantry/gateway/families/bambu/cloud/account";
import { cloudHandlers } from "@gantry/gateway/families/bambu/cloud/handlers";
import { login } from "@gantry/gateway/families/bambu/cloud/login";
import type { CommandName } from "@gantry/gateway/model/commands";
import { PrinterError } from "@gantry/gateway/model/errors";
import { FakeClock } from "@gantry/platform/fake-clock";
import { createLog } from "@gantry/platform/log";
import { accounts, password, rightCode } from "../simulators/bambu-cloud/login.ts";
import { mailAddress, signedUrl } from "../simulators/bambu-cloud/web.ts";
import { startSimulator, type LaunchedSimulator } from "../simulators/launch.ts";
import { until } from "./harness/until.ts";

const timeout = 120_000;
const minute = 60_000;
const day = 86_400_000;
const preference = "GET /v1/design-user-service/my/preference";
const bind = "GET /v1/iot-service/api/user/bind";

type Json = Readonly<Record<string, unknown>>;
type Handler = (input: Json, options: { readonly signal: AbortSignal }) => Promise<Json>;

/** A cloud, and an account on a clock of its own. */
class Scene implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly cloud: LaunchedSimulator;
  readonly folder: string;
  /** All that came out: answers, errors, log. */
  output = "";
  account: CloudAccount;
  readonly #life = new AbortController();

  private constructor(cloud: LaunchedSimulator, folder: string) {
    this.cloud = cloud;
    this.folder = folder;
    this.account = this.renew();
  }

  static async open(): Promise<Scene> {
    const cloud = await startSimulator({ family: "bambu-cloud", ports: { main: 0 } });
    return new Scene(cloud, await mkdtemp(join(tmpdir(), "gantry-cloud-")));
  }

  get log() {
    return createLog({ level: "debug", redact: (line) => ((this.output += `${line}\n`), "") });
  }

  /** As after a restart, or with another token. */
  renew(token = this.cloud.facts["token"] ?? ""): CloudAccount {
    const url = `http://${this.cloud.host}:${this.cloud.ports["main"]}`;
    this.account = new CloudAccount({ token, url, mqttHost: "localhost", mqttPort: 1 }, this.clock);
    this.account.keepIn(this.folder, this.log);
    return this.account;
  }

  async ask(name: CommandName, input: Json = {}, serial = this.cloud.facts["serial"] ?? ""): Promise<Json> {
    const handlers = cloudHandlers({ account: this.account, serial, clock: this.clock, log: this.log });
    try {
      const answer = await (handlers[name] as Handler)(input, { signal: this.#life.signal });
      this.output += JSON.stringify(answer);
      return answer;
    } catch (error) {
      this.output += error instanceof Error ? `${error.stack} ${JSON.stringify(error)}` : String(error);
      throw error;
    }
  }

  async status(): Promise<unknown> {
    return (await this.ask("getCloudAccount"))["status"];
  }

  asked(route: string): number {
    const { requests } = this.cloud.control.counters() as { requests: Record<string, number> };
    return requests[route] ?? 0;
  }

  async fault(name: string, more: Json = {}): Promise<void> {
    const body = JSON.stringify({ name, ...more });
    const response = await fetch(`${this.cloud.admin}/fault`, { method: "POST", body });
    assert.equal(response.status, 200, await response.text());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#life.abort();
    await this.cloud[Symbol.asyncDispose]();
    await rm(this.folder, { recursive: true, force: true });
  }
}

function isError(code: string, words = /./u): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof PrinterError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, words);
    return true;
  };
}

describe("the Bambu cloud account", { timeout, concurrency: false }, () => {
  test("tells who the token is, its printers, this printer's job and the jobs before, and which address answered", async () => {
    await using scene = await Scene.open();
    const account = await scene.ask("getCloudAccount");
    assert.deepEqual([account["name"], account["handle"], account["status"]], ["Workshop", "workshop", "ok"]);
    assert.equal(account["endpoint"], "/v1/design-user-service/my/preference");
    const { items, endpoint } = await scene.ask("listCloudPrinters");
    const serial = scene.cloud.facts["serial"];
    assert.deepEqual(items, [{ serial, name: "Workshop P1S", model: "P1S", online: true, status: "SUCCESS" }]);
    assert.equal(endpoint, "/v1/iot-service/api/user/bind");
    const { job, online } = await scene.ask("getCloudStatus");
    const { file, progressRatio, estimatedSeconds } = job as Json;
    assert.deepEqual([online, file, progressRatio, estimatedSeconds], [true, "bracket_v2", 0.25, 3600]);
    const past = (await scene.ask("listCloudJobs", { limit: 2 }))["items"] as readonly Json[];
    assert.deepEqual(
      past.map((one) => [one["id"], one["status"], one["endedAt"] === null]),
      [
        ["104", "other (4)", true],
        ["103", "failed or cancelled", false],
      ],
    );
  });

  test("falls back to the undocumented addresses, and says that the API changed when those fail too", async () => {
    await using scene = await Scene.open();
    await scene.fault("gone", { which: "documented" });
    assert.equal((await scene.ask("getCloudAccount"))["endpoint"], "/v1/user-service/my/profile");
    assert.equal((await scene.ask("listCloudPrinters"))["endpoint"], "/v1/user-service/my/devices");
    const one = `/v1/device-service/devices/${scene.cloud.facts["serial"]}/status`;
    assert.equal((await scene.ask("getCloudStatus"))["endpoint"], one);
    await scene.fault("gone", { which: "both" });
    await scene.clock.advance(2 * minute);
    assert.equal(await scene.status(), "unavailable");
    await assert.rejects(scene.ask("listCloudPrinters"), isError("protocol", /cloud API changed/u));
  });

  test("a token that ended is told, and nothing more is asked until there is another", async () => {
    await using scene = await Scene.open();
    assert.equal(await scene.status(), "ok");
    await scene.fault("tokens-end");
    await scene.clock.advance(2 * minute);
    assert.equal(await scene.status(), "expired");
    const asked = scene.cloud.control.counters()["requests"];
    await scene.clock.advance(48 * 60 * minute);
    await assert.rejects(scene.ask("listCloudPrinters"), isError("printer_auth", /log in again/u));
    assert.equal(await scene.status(), "expired");
    assert.deepEqual(scene.cloud.control.counters()["requests"], asked);
  });

  test("a token of 91 days is refused by the cloud, and that is told", async () => {
    await using scene = await Scene.open();
    scene.cloud.control.advance((91 * day) / 1000);
    assert.equal(await scene.status(), "expired");
  });

  test("a 401 that says nothing costs one try and not the token", async () => {
    await using scene = await Scene.open();
    await scene.fault("bare-401", { times: 2 });
    assert.equal(await scene.status(), "error");
    await scene.clock.advance(2 * minute);
    assert.equal(await scene.status(), "ok");
  });

  for (const how of ["html-403", "418", "429", "html-503"]) {
    test(`the cloud's guard (${how}) is left alone for ten minutes, and longer when it stays`, async () => {
      await using scene = await Scene.open();
      await scene.fault("guard", { how });
      assert.equal(await scene.status(), "blocked");
      await assert.rejects(scene.ask("listCloudPrinters"), isError("rate_limited", /browser/u));
      assert.deepEqual([scene.asked(preference), scene.asked(bind)], [1, 0]);
      await scene.clock.advance(9 * minute);
      assert.equal(await scene.status(), "blocked");
      assert.equal(scene.asked(preference), 1);
      await scene.clock.advance(2 * minute);
      assert.equal(await scene.status(), "blocked");
      await scene.clock.advance(11 * minute);
      assert.equal(await scene.status(), "blocked");
      assert.equal(scene.asked(preference), 2);
      await scene.fault("guard", { clear: true });
      await scene.clock.advance(10 * minute);
      assert.equal(await scene.status(), "ok");
    });
  }

  for (const how of ["500", "truncated"]) {
    test(`an answer that is none (${how}) is told, and asked for ever more seldom, at least once an hour`, async () => {
      await using scene = await Scene.open();
      await scene.fault("guard", { how });
      assert.equal(await scene.status(), "error");
      for (let hours = 24 * 60; hours > 0; hours -= 1) {
        await scene.clock.advance(minute);
        await scene.status();
      }
      assert.ok(scene.asked(preference) > 20 && scene.asked(preference) < 35, String(scene.asked(preference)));
      await scene.fault("guard", { clear: true });
      await scene.clock.advance(61 * minute);
      assert.equal(await scene.status(), "ok");
    });
  }

  test("a cloud that is slow is given up after ten seconds", async () => {
    await using scene = await Scene.open();
    await scene.fault("slow", { milliseconds: 60_000 });
    const asked = scene.ask("listCloudPrinters");
    asked.catch(() => undefined); // below
    await until("the first address is asked", () => scene.asked(bind) === 1);
    await scene.clock.advance(10_000);
    await until("the second is", () => scene.asked("GET /v1/user-service/my/devices") === 1);
    await scene.clock.advance(10_000);
    await assert.rejects(asked, isError("unreachable", /10 s/u));
  });

  test("an account without printers has none, and a printer of another account is told by what is there", async () => {
    await using scene = await Scene.open();
    await assert.rejects(scene.ask("getCloudStatus", {}, "00M00A000000099"), (error) => {
      assert.ok(isError("not_found", /…0001/u)(error));
      assert.ok(!String(error).includes(scene.cloud.facts["serial"] ?? ""));
      return true;
    });
    await scene.fault("devices-null");
    await scene.clock.advance(2 * minute);
    assert.deepEqual((await scene.ask("listCloudPrinters"))["items"], []);
    await assert.rejects(scene.ask("getCloudStatus"), isError("not_found", /no printers/u));
  });

  test("answers are kept for a minute, whoever asks, and one request serves all who ask at once", async () => {
    await using scene = await Scene.open();
    await Promise.all([1, 2, 3].map(async () => scene.ask("listCloudPrinters")));
    await scene.clock.advance(59_000);
    await scene.ask("listCloudPrinters");
    assert.equal(scene.asked(bind), 1);
    await scene.clock.advance(2000);
    await scene.ask("listCloudPrinters");
    assert.equal(scene.asked(bind), 2);
  });

  test("a token in its 75th day is told in advance, also after a restart, and a new one is not", async () => {
    await using scene = await Scene.open();
    const first = await scene.ask("getCloudAccount");
    assert.equal(first["firstUsedAt"], new Date(scene.clock.now()).toISOString());
    await scene.clock.advance(75 * day);
    scene.renew();
    const account = await scene.ask("getCloudAccount");
    assert.deepEqual([account["status"], account["firstUsedAt"]], ["expiring", first["firstUsedAt"]]);
    assert.match(String(account["reason"]), /75 days.*log in again/u);
    assert.match(scene.output, /wants attention/u);
    const kept = await readFile(join(scene.folder, "cloud-token.json"), "utf8");
    assert.ok(!kept.includes(scene.cloud.facts["token"] ?? ""));
    scene.renew("another-token-of-this-account");
    assert.equal((await scene.ask("getCloudAccount"))["firstUsedAt"], null);
  });

  test("it only reads, says honestly what it is, and neither codes, addresses nor the token come out", async () => {
    await using scene = await Scene.open();
    for (const how of ["500", "html-403", "truncated", undefined]) {
      await scene.fault("guard", how === undefined ? { clear: true } : { how });
      await scene.clock.advance(120 * minute);
      for (const name of ["getCloudAccount", "listCloudPrinters", "getCloudStatus", "listCloudJobs"] as const) {
        await scene.ask(name, { limit: 20 }).catch(() => undefined); // what it says is looked through below
      }
    }
    const { writes, userAgents } = scene.cloud.control.counters() as { writes: number; userAgents: string[] };
    assert.equal(writes, 0);
    assert.match(userAgents.join(), /^Gantry\/[\d.]+ [^,]*$/u);
    const { token = "", access_code: code = "" } = scene.cloud.facts;
    for (const secret of [token, code, mailAddress, signedUrl, "signature="]) {
      assert.ok(!scene.output.includes(secret), secret);
    }
  });
});

async function unasked(): Promise<string> {
  assert.fail("nothing is asked");
}

describe("logging in to the Bambu cloud", { timeout, concurrency: false }, () => {
  test("a code that has run out is asked for anew, a minute after the last one", async () => {
    await using scene = await Scene.open();
    const { cloud, clock } = scene;
    const url = `http://${cloud.host}:${cloud.ports["main"]}`;
    const lines = [accounts.mail, password, "000000", rightCode];
    const told: string[] = [];
    const token = login({
      settings: { url, web_url: url },
      ask: async () => lines.shift() ?? assert.fail("it asks on"),
      tell: (words) => void told.push(words),
      clock,
      signal: AbortSignal.timeout(timeout),
    });
    token.catch(() => undefined); // below
    const sent = (): unknown => cloud.control.counters()["codesSent"];
    await until("it waits", () => told.some((words) => words.includes("waiting 60 s")));
    await clock.advance(59_000);
    assert.equal(sent(), 1);
    await clock.advance(1000);
    assert.match(await token, /^.{60,}$/u);
    assert.equal(sent(), 2);
  });

  test("an option that is none is refused before anything is asked", async () => {
    const options = {
      ask: unasked,
      tell: () => undefined,
      clock: new FakeClock(),
      signal: AbortSignal.timeout(timeout),
    };
    for (const settings of [{ region: "moon" }, { url: "http://api.example.test" }, { colour: "red" }]) {
      await assert.rejects(login({ ...options, settings }), isError("invalid_input"));
    }
  });
});
