// The cloud's HTTP: logging in (./login.ts) and the addresses that need a token, with all that the real
// ones carry and nobody may pass on.

import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import { pathOf } from "../net/http.ts";
import type { Cloud, Guard } from "./cloud.ts";
import { json, loginFirst, loginRoutes } from "./login.ts";

type Body = Readonly<Record<string, unknown>>;

export const mailAddress = "owner@example.test";
export const signedUrl = "https://files.example.test/thumb.png?signature=c2lnbmVk";
const documented: ReadonlySet<string> = new Set([
  "/v1/design-user-service/my/preference",
  "/v1/iot-service/api/user/bind",
  "/v1/iot-service/api/user/print",
]);

export async function serve(cloud: Cloud, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = pathOf(request);
  const route = `${request.method} ${path}`;
  count(cloud, route, request);
  const body = await bodyOf(request);
  cloud.journal.add("http", { request: `${request.method} ${request.url}`, fields: Object.keys(body) });
  // Nobody waits for it when the test is over.
  if (cloud.knobs.delayMs > 0) await wait(cloud.knobs.delayMs, undefined, { ref: false });
  if (guarded(cloud.knobs.guard, response)) return;
  const login = loginRoutes[route];
  if (login !== undefined) return login(cloud, { path, body, headers: request.headers, response });
  if (request.method !== "GET") return json(response, 405, { code: 405, error: "method", message: "" });
  if (cloud.knobs.bare401 > 0) {
    cloud.knobs.bare401 -= 1;
    response.writeHead(401).end();
    return;
  }
  const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1];
  if (token === undefined || !cloud.takes(token)) return json(response, 401, loginFirst);
  return answer(cloud, path, response);
}

function answer(cloud: Cloud, path: string, response: ServerResponse): void {
  const { gone } = cloud.knobs;
  const isGone = gone === "both" || gone === (documented.has(path) ? "documented" : "undocumented");
  const always = path === "/v1/user-service/my/tasks";
  const read = Object.hasOwn(readers, path) ? readers[path] : statusReader(path);
  if (read === undefined || (isGone && !always))
    return json(response, 404, { code: 404, error: "not found", message: "" });
  const told = JSON.stringify(read(cloud));
  const text = cloud.knobs.guard === "truncated" ? told.slice(0, told.length / 2) : told;
  response.writeHead(200, { "Content-Type": "application/json" }).end(text);
}

const profile = ({ uid }: Cloud): Body => ({
  uid,
  name: "Workshop",
  handle: "workshop",
  avatar: signedUrl,
  email: mailAddress,
  bio: "",
  links: [],
});

const wrapped = (cloud: Cloud, device: Body): Body => ({
  message: "success",
  code: null,
  error: null,
  devices: cloud.knobs.devicesNull ? null : [device],
});

const bound = (cloud: Cloud): Body => ({
  dev_id: cloud.serial,
  name: "Workshop P1S",
  online: cloud.knobs.online,
  print_status: "SUCCESS",
  dev_model_name: "C12",
  dev_product_name: "P1S",
  dev_access_code: `${cloud.accessCode}\n`,
  nozzle_diameter: 0.4,
  dev_structure: "CoreXY",
  print_job: 0,
});

const printing = (cloud: Cloud): Body => ({
  dev_id: cloud.serial,
  dev_name: "Workshop P1S",
  dev_model_name: "C12",
  dev_product_name: "P1S",
  dev_online: cloud.knobs.online,
  dev_access_code: `${cloud.accessCode}\n`,
  task_id: "101",
  task_name: "bracket_v2",
  task_status: "RUNNING",
  model_id: null,
  project_id: null,
  profile_id: null,
  start_time: new Date(cloud.now() - 600_000).toISOString(),
  prediction: 3600,
  progress: 25,
  thumbnail: signedUrl,
});

const readers: Readonly<Record<string, (cloud: Cloud) => unknown>> = {
  "/v1/design-user-service/my/preference": profile,
  "/v1/user-service/my/profile": profile,
  "/v1/iot-service/api/user/bind": (cloud) => wrapped(cloud, bound(cloud)),
  "/v1/user-service/my/devices": (cloud) => wrapped(cloud, bound(cloud)),
  "/v1/iot-service/api/user/print": (cloud) => wrapped(cloud, printing(cloud)),
  "/v1/user-service/my/tasks": tasks,
};

function statusReader(path: string): ((cloud: Cloud) => unknown) | undefined {
  return /^\/v1\/device-service\/devices\/[^/]+\/status$/.test(path) ? printing : undefined;
}

function tasks(cloud: Cloud): Body {
  const hour = 3_600_000;
  const at = (ms: number): string => new Date(cloud.now() - ms).toISOString();
  const hit = (id: number, status: number, startTime: string, endTime: string): Body => ({
    id,
    status,
    startTime,
    endTime,
    title: `bracket_v${id}`,
    cover: signedUrl,
    weight: 12.5,
    length: 400,
    costTime: 3600,
    deviceId: cloud.serial,
    deviceName: "Workshop P1S",
    amsDetailMapping: [],
  });
  const started = at(hour / 6);
  const hits = [
    hit(104, 4, started, started),
    hit(103, 3, at(9 * hour), at(8 * hour)),
    hit(102, 2, at(30 * hour), at(28 * hour)),
  ];
  return { total: hits.length, hits };
}

const page = (words: string): string => `<!DOCTYPE html><html><title>${words}</title>cloudflare</html>`;

function guarded(guard: Guard, response: ServerResponse): boolean {
  const html = { "Content-Type": "text/html" };
  if (guard === "html-403") response.writeHead(403, html).end(page("Just a moment..."));
  else if (guard === "html-503") response.writeHead(503, { ...html, "cf-ray": "0" }).end(page("Unavailable"));
  else if (guard === "418") response.writeHead(418, html).end(page("Teapot"));
  else if (guard === "429") response.writeHead(429).end();
  else if (guard === "500") json(response, 500, { code: 1, error: "internal", message: "" });
  else return false;
  return true;
}

function count({ counters }: Cloud, route: string, request: IncomingMessage): void {
  counters.requests[route] = (counters.requests[route] ?? 0) + 1;
  if (request.method !== "GET" && loginRoutes[route] === undefined) counters.writes += 1;
  const agent = request.headers["user-agent"] ?? "";
  if (!counters.userAgents.includes(agent)) counters.userAgents.push(agent);
}

/** Nothing for what is no JSON object. */
async function bodyOf(request: IncomingMessage): Promise<Body> {
  let text = "";
  for await (const chunk of request) text += String(chunk);
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Body) : {};
  } catch {
    return {}; // a GET has none
  }
}
