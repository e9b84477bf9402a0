// The simulated cloud over its wire: what the log-in demands, which tokens are taken, who gets into the
// broker.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { connectAsync } from "mqtt";
import { startSimulator, type LaunchedSimulator } from "../launch.ts";
import { accounts, password, rightCode } from "./login.ts";

type Json = Readonly<Record<string, unknown>>;

async function start(): Promise<LaunchedSimulator> {
  return startSimulator({ family: "bambu-cloud", ports: { main: 0 } });
}

async function ask(cloud: LaunchedSimulator, path: string, init: RequestInit = {}): Promise<[number, Json, Headers]> {
  const response = await fetch(`http://${cloud.host}:${cloud.ports["main"]}${path}`, init);
  const body = await response.text();
  return [response.status, body === "" ? {} : (JSON.parse(body) as Json), response.headers];
}

const post = (body: Json, headers: Readonly<Record<string, string>> = {}): RequestInit => ({
  method: "POST",
  headers,
  body: JSON.stringify(body),
});
const loginPath = "/v1/user-service/user/login";

describe("the simulated cloud", { timeout: 120_000 }, () => {
  test("asks each account for what it wants, and tells an old code from a wrong one", async () => {
    await using cloud = await start();
    const logIn = async (body: Json): Promise<[number, Json, Headers]> => ask(cloud, loginPath, post(body));
    assert.equal((await logIn({ account: accounts.plain, password }))[1]["expiresIn"], 7_776_000);
    assert.equal((await logIn({ account: accounts.mail, password }))[1]["loginType"], "verifyCode");
    assert.equal((await logIn({ account: accounts.tfa, password }))[1]["loginType"], "tfa");
    assert.equal((await logIn({ account: accounts.plain, password: "no" }))[0], 400);
    const codes = [];
    for (const code of ["999999", "000000"]) codes.push((await logIn({ account: accounts.mail, code }))[1]["code"]);
    assert.deepEqual(codes, [2, 1]);
    assert.notEqual((await logIn({ account: accounts.mail, code: rightCode }))[1]["accessToken"], "");
    assert.equal((await ask(cloud, "/v1/user-service/user/refreshtoken", post({})))[0], 401);
  });

  test("wants its cookie shown twice before it looks at an authenticator's code", async () => {
    await using cloud = await start();
    const signIn = async (headers: Readonly<Record<string, string>>): Promise<[number, Json, Headers]> =>
      ask(cloud, "/api/sign-in/tfa", post({ tfaKey: "tfa-key-1", tfaCode: rightCode }, headers));
    assert.deepEqual((await signIn({})).slice(0, 2), [403, { error: "CSRF error: missing_cookie" }]);
    const cookie = (await ask(cloud, "/api/csrf"))[2].getSetCookie()[0]?.split(";")[0] ?? "";
    assert.deepEqual((await signIn({ cookie })).slice(0, 2), [403, { error: "CSRF error: missing_header" }]);
    const [status, , headers] = await signIn({ cookie, "x-bbl-csrf-token": cookie.split("=")[1] ?? "" });
    assert.equal(status, 200);
    assert.match(headers.getSetCookie().join(), /^token=/u);
  });

  test("takes a token for 90 days, and says with code 4 when it does not", async () => {
    await using cloud = await start();
    const headers = { authorization: `Bearer ${cloud.facts["token"]}` };
    const path = "/v1/design-user-service/my/preference";
    assert.equal((await ask(cloud, path, { headers }))[0], 200);
    cloud.control.advance(91 * 86_400);
    const [status, { code, error }] = await ask(cloud, path, { headers });
    assert.deepEqual([status, code, error], [401, 4, "Please login."]);
  });

  test("its broker takes the token alone, and tells the printer's link and report", async () => {
    await using cloud = await start();
    const { uid, token, serial, ca } = cloud.facts;
    const url = `mqtts://localhost:${cloud.ports["mqtt"]}`;
    const options = { ca: readFileSync(ca ?? ""), username: `u_${uid}`, reconnectPeriod: 0 };
    await assert.rejects(connectAsync(url, { ...options, password: "no" }, false), /Not authorized/u);
    const client = await connectAsync(url, { ...options, password: token ?? "" }, false);
    const came: string[] = [];
    const both = new Promise<void>((resolve) => {
      client.on("message", (_topic, payload) => {
        came.push(payload.toString());
        const all = came.join("\n");
        if (all.includes("client.connected") && all.includes("push_status")) resolve();
      });
    });
    await client.subscribeAsync(`device/${serial}/report`);
    client.publish(
      `device/${serial}/request`,
      JSON.stringify({ pushing: { sequence_id: "1", command: "pushall", version: 1, push_target: 1 } }),
    );
    await both;
    await client.endAsync(true);
  });
});
