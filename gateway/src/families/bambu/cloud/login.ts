// Logging in to the vendor's cloud once, by the operator's own hand: password, then a code by mail or
// text message, or one of an authenticator. It gives the token and keeps nothing.

import * as z from "zod";
import { PrinterError } from "../../../model/errors.ts";
import type { LoginOptions } from "../../family.ts";
import { words } from "./answers.ts";
import { cloudUrl, loginHosts, regionNames } from "./connection-keys.ts";
import { exchange, type Came } from "./login-exchange.ts";

/** Of the command line. */
const settingsSchema = z.strictObject({
  region: z.enum(regionNames).default("global"),
  url: cloudUrl.optional(),
  web_url: cloudUrl.optional(),
});

const codeEveryMs = 60_000;
const tries = 5;
/** `code` of a 400 to a log-in with a code. */
const expiredCode = 1;

type Body = Readonly<Record<string, unknown>>;

/**
 * The token.
 * @throws PrinterError `invalid_input` for an option; `printer_auth` when the cloud takes password or
 *   code not; `rate_limited`, `unreachable`, `timeout`; the signal's reason
 */
export async function login(options: LoginOptions): Promise<string> {
  const read = settingsSchema.safeParse(options.settings);
  if (!read.success) throw new PrinterError("invalid_input", z.prettifyError(read.error));
  return new Login(options, read.data).run();
}

class Login {
  readonly #options: LoginOptions;
  readonly #url: string;
  readonly #web: string;
  #codeSentMs: number | undefined;

  constructor(options: LoginOptions, { region, url, web_url: web }: z.output<typeof settingsSchema>) {
    const hosts = loginHosts(region);
    this.#options = options;
    this.#url = (url ?? hosts.url).replace(/\/+$/u, "");
    this.#web = (web ?? hosts.web).replace(/\/+$/u, "");
  }

  async run(): Promise<string> {
    const { ask } = this.#options;
    const account = (await ask("Account (e-mail, or phone number in China)")).trim();
    const password = await ask("Password (it is not shown, and kept nowhere)", { hidden: true });
    if (account === "" || password === "") throw new PrinterError("invalid_input", "account and password are needed");
    const came = await this.#post(`${this.#url}/v1/user-service/user/login`, { account, password, apiError: "" });
    const token = tokenIn(came);
    if (token !== undefined) return token;
    if (came.status !== 200) throw refused(came, "account or password");
    const { loginType, tfaKey } = came.json;
    if (loginType === "verifyCode") return this.#withCode(account);
    if (loginType === "tfa" && typeof tfaKey === "string") return this.#withAuthenticator(tfaKey);
    throw new PrinterError("protocol", "the cloud API changed: it asks for another way to log in");
  }

  async #withCode(account: string): Promise<string> {
    await this.#sendCode(account);
    for (let left = tries; left > 0; left -= 1) {
      const code = (await this.#options.ask("Code from the message (empty: send a new one)")).trim();
      if (code === "") {
        await this.#sendCode(account);
        continue;
      }
      const came = await this.#post(`${this.#url}/v1/user-service/user/login`, { account, code });
      const token = tokenIn(came);
      if (token !== undefined) return token;
      if (came.status !== 400) throw refused(came, "code");
      const isOld = came.json["code"] === expiredCode;
      this.#options.tell(isOld ? "That code has run out; a new one is sent." : "That code is wrong.");
      if (isOld) await this.#sendCode(account);
    }
    throw new PrinterError("printer_auth", "no right code was given; start again");
  }

  /** At most one a minute. */
  async #sendCode(account: string): Promise<void> {
    const { clock, signal, tell } = this.#options;
    const waitMs = (this.#codeSentMs ?? -codeEveryMs) + codeEveryMs - clock.monotonic();
    if (this.#codeSentMs !== undefined && waitMs > 0) {
      tell(`The cloud sends one code a minute: waiting ${Math.ceil(waitMs / 1000)} s.`);
      await clock.wait(waitMs, signal);
    }
    this.#codeSentMs = clock.monotonic();
    const isMail = account.includes("@");
    const came = isMail
      ? await this.#post(`${this.#url}/v1/user-service/user/sendemail/code`, { email: account, type: "codeLogin" })
      : await this.#post(`${this.#web}/api/v1/user-service/user/sendsmscode`, { phone: account, type: "codeLogin" });
    if (came.status !== 200) throw refused(came, "wish for a code");
    tell(isMail ? "A code was sent by mail." : "A code was sent by text message.");
  }

  async #withAuthenticator(tfaKey: string): Promise<string> {
    for (let left = tries; left > 0; left -= 1) {
      const tfaCode = (await this.#options.ask("Code of your authenticator")).trim();
      const came = await this.#signIn(tfaKey, tfaCode);
      const token = tokenIn(came);
      if (token !== undefined) return token;
      if (came.status !== 400) throw refused(came, "code");
      this.#options.tell("That code is wrong.");
    }
    throw new PrinterError("printer_auth", "no right code was given; start again");
  }

  /** The web host wants its cookie shown twice, a new one each time, or does not look at the code. */
  async #signIn(tfaKey: string, tfaCode: string): Promise<Came> {
    const { signal, clock } = this.#options;
    const { cookies } = await exchange({ url: `${this.#web}/api/csrf`, signal, clock });
    const proof = cookies.get(csrfCookie);
    const headers = proof === undefined ? {} : { cookie: `${csrfCookie}=${proof}`, "x-bbl-csrf-token": proof };
    return this.#post(`${this.#web}/api/sign-in/tfa`, { tfaKey, tfaCode }, headers);
  }

  async #post(url: string, body: Body, headers: Readonly<Record<string, string>> = {}): Promise<Came> {
    const { signal, clock } = this.#options;
    return exchange({ url, body, headers, signal, clock });
  }
}

const csrfCookie = "bbl_csrf_token";

/** In the answer, else in a cookie that is not the one against forged requests. */
function tokenIn({ status, json, cookies }: Came): string | undefined {
  if (status !== 200) return undefined;
  const inCookie = [...cookies].find(([name]) => /token/iu.test(name) && !/csrf/iu.test(name))?.[1];
  const found = [json["accessToken"], json["token"], inCookie];
  return found.find((value): value is string => typeof value === "string" && /^[\x21-\x7e]{8,8192}$/u.test(value));
}

function refused({ status, json }: Came, what: string): PrinterError {
  const said = words(json["error"]) ?? words(json["message"]);
  return new PrinterError("printer_auth", `the cloud refuses the ${what} (${said ?? status})`);
}
