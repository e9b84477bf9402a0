// HLS as a player fetches it, of a camera that is encoded and one that is handed through: lists whose segments
// are one length, and a server that has nothing to complain about.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Stack } from "./harness/stack.ts";
import { until } from "./harness/until.ts";

/** Cookies of the session, and the list of segments that the master list names. */
class Player {
  readonly #cookies = new Map<string, string>();
  #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  /** The list of segments as it is now; undefined while there is none. */
  async list(): Promise<string | undefined> {
    const text = await this.#get(this.#url);
    const next = text?.split("\n").find((line) => /^[^#].*\.m3u8/u.test(line));
    if (next === undefined) return text;
    this.#url = new URL(next, this.#url).href;
    return this.list();
  }

  /** The first bytes of the last segment. */
  async segment(list: string): Promise<Uint8Array> {
    const last = list.split("\n").findLast((line) => /^[^#]/u.test(line)) ?? "";
    const response = await fetch(new URL(last, this.#url), { headers: this.#headers });
    assert.equal(response.status, 200, last);
    return new Uint8Array(await response.arrayBuffer());
  }

  get #headers(): { cookie: string } {
    return { cookie: [...this.#cookies].map((pair) => pair.join("=")).join("; ") };
  }

  async #get(url: string): Promise<string | undefined> {
    const response = await fetch(url, { headers: this.#headers, redirect: "manual" });
    for (const cookie of response.headers.getSetCookie()) {
      const [name = "", value = ""] = cookie.split(";")[0]?.split("=", 2) ?? [];
      this.#cookies.set(name, value);
    }
    const text = await response.text();
    const location = response.headers.get("location");
    if (response.status === 200) return text;
    if (location === null) return undefined;
    this.#url = new URL(location, url).href;
    return this.#get(this.#url);
  }
}

const lengths = (list: string): number[] => [...list.matchAll(/^#EXTINF:([\d.]+)/gmu)].map(([, text]) => Number(text));

test("segments are one second long, and the target never changes", { timeout: 180_000 }, async () => {
  await using stack = await Stack.start({
    bridge: true,
    printers: {
      cc1: { scenario: "printing" },
      h2d: { family: "bambu", scenario: "printing", settings: { model: "h2d" } },
    },
    inventory: { bridge: { hls: true } },
  });
  const server = String(stack.bridge.log.find(({ event }) => event === "listening")?.["hls"]);
  await Promise.all(
    ["cc1", "h2d"].map(async (id) => {
      const player = new Player(`${server}/${id}/index.m3u8`);
      const list = await until(
        `${id} has made a dozen segments`,
        async () => {
          const found = await player.list();
          const first = /^#EXT-X-MEDIA-SEQUENCE:(\d+)/mu.exec(found ?? "")?.[1];
          return Number(first ?? 0) + lengths(found ?? "").length >= 12 && found;
        },
        90_000,
      );
      assert.match(list, /^#EXT-X-TARGETDURATION:1$/mu);
      for (const seconds of lengths(list)) assert.ok(seconds > 0.5 && seconds < 1.5, list);
      // The sync byte of MPEG-TS.
      assert.equal((await player.segment(list))[0], 0x47);
    }),
  );
  const complaints = stack.bridge.log.filter(({ level, layer }) => level === "warn" && layer === "mediamtx");
  assert.deepEqual(complaints, []);
});
