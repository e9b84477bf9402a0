// Logging in, as the real cloud wants it: by password alone, with a code by mail, or with an
// authenticator's code on the web host behind its double-submit cookie.

import { randomBytes } from "node:crypto";
import type { IncomingHttpHeaders, ServerResponse } from "node:http";
import type { Cloud } from "./cloud.ts";

export const accounts = {
  plain: "plain@example.test",
  mail: "mail@example.test",
  tfa: "tfa@example.test",
} as const;
export const password = "correct horse battery";
export const rightCode = "123456";
const expiredCode = "000000";
const tfaKey = "tfa-key-1";

type Body = Readonly<Record<string, unknown>>;

interface LoginRequest {
  readonly path: string;
  readonly body: Body;
  readonly headers: IncomingHttpHeaders;
  readonly response: ServerResponse;
}

type Handler = (cloud: Cloud, request: LoginRequest) => void;

export function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
}

/** By `METHOD path`. */
export const loginRoutes: Readonly<Record<string, Handler>> = {
  "POST /v1/user-service/user/login": logIn,
  "POST /v1/user-service/user/sendemail/code": sendCode,
  "POST /api/v1/user-service/user/sendsmscode": sendCode,
  "POST /v1/user-service/user/refreshtoken": (_cloud, { response }) => json(response, 401, loginFirst),
  "GET /api/csrf": giveCookie,
  "POST /api/sign-in/tfa": signIn,
};

export const loginFirst = { code: 4, error: "Please login.", message: "" };

function logIn(cloud: Cloud, { body, response }: LoginRequest): void {
  const { account, password: given, code } = body;
  if (typeof code === "string") {
    if (code === rightCode) return tokenAnswer(cloud, response);
    return json(response, 400, { code: code === expiredCode ? 1 : 2, error: "Incorrect code", message: "" });
  }
  if (given !== password) return json(response, 400, { code: 2, error: "Incorrect password", message: "" });
  if (account === accounts.mail) return json(response, 200, { accessToken: "", loginType: "verifyCode" });
  if (account === accounts.tfa) return json(response, 200, { accessToken: "", loginType: "tfa", tfaKey });
  return tokenAnswer(cloud, response);
}

function tokenAnswer(cloud: Cloud, response: ServerResponse): void {
  const token = cloud.giveToken();
  const expiresIn = 7_776_000;
  const rest = { refreshToken: token, expiresIn, refreshExpiresIn: expiresIn, loginType: "", tfaKey: "" };
  json(response, 200, { accessToken: token, ...rest });
}

function sendCode(cloud: Cloud, { body, response }: LoginRequest): void {
  if (body["type"] !== "codeLogin") return json(response, 400, { code: 3, error: "type", message: "" });
  cloud.counters.codesSent += 1;
  return json(response, 200, {});
}

function giveCookie(_cloud: Cloud, { response }: LoginRequest): void {
  const value = randomBytes(12).toString("hex");
  response.writeHead(200, { "Set-Cookie": `bbl_csrf_token=${value}; Path=/; SameSite=Lax` }).end("{}");
}

function signIn(cloud: Cloud, { headers, body, response }: LoginRequest): void {
  const cookie = /(?:^|;\s*)bbl_csrf_token=([^;]+)/.exec(headers.cookie ?? "")?.[1];
  if (cookie === undefined) return json(response, 403, { error: "CSRF error: missing_cookie" });
  if (headers["x-bbl-csrf-token"] !== cookie) return json(response, 403, { error: "CSRF error: missing_header" });
  if (body["tfaKey"] !== tfaKey || body["tfaCode"] !== rightCode) {
    return json(response, 400, { code: 2, error: "Incorrect code", message: "" });
  }
  const cookies = [`token=${cloud.giveToken()}; Path=/; HttpOnly`, `bbl_csrf_token=${cookie}; Path=/`];
  response.writeHead(200, { "Set-Cookie": cookies, "Content-Type": "application/json" }).end("{}");
}
