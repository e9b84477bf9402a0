// MediaMTX built from its Go module, for hosts that the release archive does not reach. The
// module in rtsp-bridge/mediamtx-build pins it and everything under it by go.sum. Two files that
// MediaMTX embeds are made by its `go generate` and are not in the module: they are put in place here.

import { createHash } from "node:crypto";
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run, type CommandOptions } from "./command.ts";
import { mediamtxVersion, root } from "./paths.ts";

const module = "github.com/bluenviron/mediamtx";

/** What MediaMTX's own `go generate` fetches for this version. */
const hls = {
  packageName: "hls.js@1.7.0",
  archive: "hls.js-1.7.0.tgz",
  sha512: "NnQpT6Z//+2IB2qovSUbKbrlXY1MOpi0JynZ9L2NNOuTJiNCyMSQj9k2laEj1v7CxU/Hb8oTWR98eT3mVpPQVQ==",
};

/**
 * Builds in `folder` and gives the binary's path. Takes one to three minutes.
 * @throws Error that says in words which step failed
 */
export async function buildMediamtx(folder: string, say: (line: string) => void, signal: AbortSignal): Promise<string> {
  const source = join(root, "rtsp-bridge/mediamtx-build");
  await Promise.all(["go.mod", "go.sum"].map((name) => copyFile(join(source, name), join(folder, name))));
  await requireGo(folder, signal);
  const env = { ...process.env, CGO_ENABLED: "0", GOWORK: "off" };
  const go = async (args: readonly string[], timeoutMs: number): Promise<void> =>
    must("go", args, { cwd: folder, env, timeoutMs, signal });
  // One module alone first: where the module proxy cannot be reached this fails in seconds.
  await go(["mod", "download", `${module}@${mediamtxVersion}`], 45_000);
  say("building MediaMTX from its Go module; this takes a minute or two, once");
  // -e: the two missing files are not an error here. One that matters fails the build below.
  await go(["mod", "vendor", "-e"], 300_000);
  await placeEmbeddedFiles(folder, signal);
  const flags = ["-mod=vendor", "-trimpath", "-buildvcs=false", "-ldflags=-s -w"];
  await go(["build", ...flags, "-o", "mediamtx", module], 1_200_000);
  return join(folder, "mediamtx");
}

async function requireGo(folder: string, signal: AbortSignal): Promise<void> {
  // Asked inside the module: a Go from 1.21 on then fetches the toolchain that go.mod wants.
  const answer = await run("go", ["env", "GOVERSION"], { cwd: folder, timeoutMs: 60_000, signal });
  if (!answer.ok) throw new Error(`Go 1.26 or newer is needed (go: ${answer.reason})`);
  const [, major = "0", minor = "0"] = /go(\d+)\.(\d+)/.exec(answer.text) ?? [];
  if (Number(major) * 1000 + Number(minor) < 1026)
    throw new Error(`Go 1.26 or newer is needed, not ${answer.text.trim()}`);
}

async function placeEmbeddedFiles(folder: string, signal: AbortSignal): Promise<void> {
  const internal = join(folder, "vendor", module, "internal");
  await must("npm", ["pack", hls.packageName, "--silent", "--fetch-retries=1", "--fetch-timeout=20000"], {
    cwd: folder,
    timeoutMs: 60_000,
    signal,
  });
  const found = createHash("sha512")
    .update(await readFile(join(folder, hls.archive)))
    .digest("base64");
  if (found !== hls.sha512) throw new Error(`${hls.packageName} is not the pinned one: its SHA-512 is ${found}`);
  await must("tar", ["-xzf", hls.archive, "package/dist/hls.min.js"], { cwd: folder, timeoutMs: 60_000, signal });
  await copyFile(join(folder, "package/dist/hls.min.js"), join(internal, "servers/hls/hls.min.js"));
  await writeFile(join(internal, "core/VERSION"), mediamtxVersion);
  // On ARM the Raspberry Pi's own camera reader is embedded too. The bridge never uses it; the
  // folder only must not be empty.
  for (const bits of ["32", "64"]) {
    const camera = join(internal, `staticsources/rpicamera/mtxrpicam_${bits}`);
    await mkdir(camera, { recursive: true });
    await writeFile(join(camera, "left-out"), "");
  }
}

async function must(command: string, args: readonly string[], options: CommandOptions): Promise<void> {
  const result = await run(command, args, options);
  if (!result.ok) throw new Error(`${command} ${args[0]}: ${result.reason}`);
}
