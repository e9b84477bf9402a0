// The recipes of docs/cameras.md as users paste them: its command lines, addresses, rules and page are read
// out of the text, get this machine's addresses, and are run against closed cameras.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { findOnPath, run, type CommandResult } from "../tools/command.ts";
import { root } from "../tools/paths.ts";
import { probe } from "./harness/probe.ts";
import { Stack } from "./harness/stack.ts";
import { until } from "./harness/until.ts";

const text = await readFile(join(root, "docs/cameras.md"), "utf8");
const token = "0123456789abcdef0123456789abcdef";
/** How long a player that would play for ever is let play, s. */
const playSeconds = 10;

/** Fenced blocks of one language; lines that go on are joined. */
function blocks(language: string): string[] {
  const fence = new RegExp(`^( *)\`\`\`${language}\\n(.*?)^ *\`\`\`$`, "gmsu");
  return [...text.matchAll(fence)].map(([, , block = ""]) => block.replaceAll(/ *\\\n */gu, " "));
}

/** The one block of a language in which these words stand. */
function block(language: string, words: string): string {
  const [found, ...more] = blocks(language).filter((candidate) => candidate.includes(words));
  assert.ok(found !== undefined && more.length === 0, `one block of ${language} has ${words}`);
  return found;
}

const commands = blocks("sh").flatMap((lines) => lines.trim().split("\n"));
const missing = (program: string): string | false => findOnPath(program) === undefined && `${program} is not installed`;

/** The one command line that begins with a program and has these words. */
function command(start: string, words: string): string {
  const [found, ...more] = commands.filter((line) => line.startsWith(start) && line.includes(words));
  assert.ok(found !== undefined && more.length === 0, `one command begins with ${start} and has ${words}`);
  return found;
}

const chromium = findOnPath("chromium");
/** Programs that show a window; none here has a screen. */
const headless = { ...process.env, SDL_VIDEODRIVER: "dummy", SDL_AUDIODRIVER: "dummy" };

describe("the recipes of docs/cameras.md", { timeout: 280_000 }, () => {
  let stack: Stack;
  let outputs: Readonly<Record<string, unknown>>;
  let folder: string;
  let site: Server;
  let origin: string;
  /** What a page of `site` shows, and what it has told so far. */
  let page = "";
  const told: string[] = [];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "gantry-recipes-"));
    site = createServer((request, response) => {
      const isTold = request.method === "POST";
      response.writeHead(200, { "Content-Type": "text/html" }).end(isTold ? "" : page);
      if (isTold) request.on("data", (chunk: Buffer) => told.push(chunk.toString()));
    });
    site.listen(0, "127.0.0.1");
    await once(site, "listening");
    origin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
    stack = await Stack.start({
      bridge: true,
      inventory: {
        access: { tokens: [{ name: "frigate", token }] },
        bridge: { webrtc: true, hls: true, allowed_origins: [origin] },
      },
    });
    outputs = await stack.bridge.listening();
  });
  after(async () => {
    await stack[Symbol.asyncDispose]();
    site.close();
    site.closeAllConnections();
    await rm(folder, { recursive: true, force: true });
  });

  /** With the addresses and the token of this stack. */
  const filled = (recipe: string): string => {
    const hosts = {
      "HOST:8554": new URL(stack.rtspUrl).host,
      "HOST:8787": new URL(stack.gatewayUrl).host,
      "HOST:8788": new URL(stack.bridgeUrl).host,
      "HOST:8889": new URL(String(outputs["webrtc"])).host,
      "HOST:8888": new URL(String(outputs["hls"])).host,
      TOKEN: token,
    };
    return Object.entries(hosts).reduce((line, [word, value]) => line.replaceAll(word, value), recipe);
  };
  /** Runs a command line as a shell does, in a folder of its own, and interrupts it in the end as Ctrl-C does. */
  const paste = async (line: string, seconds = playSeconds): Promise<CommandResult & { readonly cwd: string }> => {
    const cwd = await mkdtemp(join(folder, "run-"));
    // mpv takes what it lacks from a file, so that its line stays as it is.
    await writeFile(join(cwd, "mpv.conf"), "vo=null\nao=null\n");
    const env = { ...headless, MPV_HOME: cwd };
    const args = ["--signal=INT", "--kill-after=10", String(seconds), "bash", "-c", `exec ${filled(line)}`];
    return { ...(await run("timeout", args, { cwd, env, timeoutMs: seconds * 1000 + 30_000 })), cwd };
  };

  const addresses = new Set(text.match(/\b(?:rtsp|http):\/\/frigate:TOKEN@HOST:\d+[^\s`<>|]*/gu));
  for (const address of addresses) {
    test(`${address} is H.264 and nothing else`, async () => {
      const { ok, text: shown } = await probe(filled(address));
      assert.ok(ok, shown);
      assert.deepEqual([...new Set(shown.trim().split(/\s+/u))], ["h264"]);
    });
  }

  test("Frigate's detect command gets whole pictures of the second stream", async () => {
    const { cwd, text: said } = await paste(command("ffmpeg", "rawvideo"));
    const { size } = await stat(join(cwd, "detect.yuv"));
    assert.ok(size >= 20 * 640 * 360 * 1.5, `${size} bytes; ffmpeg says: ${said}`);
  });

  test("Frigate's record command writes segments that play", async () => {
    const { cwd, text: said } = await paste(command("ffmpeg", "segment_format"), 23);
    const segments = (await readdir(cwd)).filter((name) => name.endsWith(".mp4")).toSorted();
    assert.ok(segments.length >= 2, said);
    // The last one may have been cut off by the end.
    for (const segment of segments.slice(0, -1)) assert.match((await probe(join(cwd, segment))).text, /^h264\s*$/u);
  });

  test("FFmpeg keeps the stream as a file", async () => {
    const { cwd, text: said } = await paste(command("ffmpeg", "print.mp4").replace("-t 600", "-t 5"), 40);
    assert.match((await probe(join(cwd, "print.mp4"))).text, /^h264\s*$/u, said);
  });

  test("curl fetches one picture", async () => {
    const { ok, cwd, text: said } = await paste(command("curl", "snapshot.jpg"));
    assert.ok(ok, said);
    assert.match((await probe(join(cwd, "cc1.jpg"))).text, /^mjpeg\s*$/u);
  });

  for (const player of ["mpv", "ffplay", "gst-launch-1.0", "vlc"]) {
    const skip = player === "vlc" ? "it has no RTSP client in the packages of Debian" : missing(player);
    test(`${player} plays, and stays`, { skip }, async () => {
      await until("nobody watches", async () => (await stack.stream("cc1"))["viewers"] === 0);
      const playing = paste(command(player, "/cc1").replace("autovideosink", "fakesink"));
      const ended = playing.then(() => assert.fail(`${player} has ended`));
      const watched = until("it watches", async () => {
        const { state, viewers } = await stack.stream("cc1");
        return state === "live" && viewers === 1;
      });
      await Promise.race([watched, ended]);
      const { text: said } = await playing;
      assert.doesNotMatch(said, /\b(?:401|461)\b|error/iu);
    });
  }

  test(
    "promtool takes the alerts, and the bridge serves what they ask for",
    { skip: missing("promtool") },
    async () => {
      const rules = block("yaml", "alert:");
      const file = join(folder, "rules.yml");
      await writeFile(file, rules);
      const checked = await run("promtool", ["check", "rules", file], { timeoutMs: 30_000 });
      assert.ok(checked.ok, checked.text);
      const served = await (await fetch(`${stack.bridgeUrl}/metrics`)).text();
      for (const [metric] of rules.matchAll(/gantry_\w+/gu)) assert.ok(served.includes(`# TYPE ${metric} `), metric);
    },
  );

  test("a browser plays the page", { skip: chromium === undefined && "chromium is not installed" }, async () => {
    // It tells what the video shows, once it moves.
    const witness = `<script>setInterval(() => {
      const { videoWidth, videoHeight, currentTime } = document.querySelector("video");
      fetch("/", { method: "POST", body: JSON.stringify({ videoWidth, videoHeight, moves: currentTime > 1 }) });
    }, 500)</script>`;
    page = `<!doctype html>${filled(block("html", "whep"))}${witness}`;
    const profile = join(folder, "chromium");
    const options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--remote-debugging-port=0"];
    const args = [...options, `--user-data-dir=${profile}`, "--autoplay-policy=no-user-gesture-required", origin];
    const browser = spawn(chromium ?? "", args, { stdio: "ignore", detached: true });
    const exited = once(browser, "exit");
    try {
      const shown = JSON.stringify({ videoWidth: 640, videoHeight: 360, moves: true });
      await until("the video moves", () => told.includes(shown), 60_000).catch((error: unknown) => {
        throw new Error(`the page tells ${told.at(-1) ?? "nothing"}`, { cause: error });
      });
    } finally {
      if (browser.pid !== undefined) process.kill(-browser.pid, "SIGKILL");
      await exited;
    }
  });
});
