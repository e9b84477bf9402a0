// MediaMTX from its official release archive, checked against the SHA-256 below. A platform
// without a checksum here is never downloaded. The sums are those of the release's
// checksums.sha256; raising the version means replacing all of them.

import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "./command.ts";
import { mediamtxVersion } from "./paths.ts";

/** SHA-256 of `mediamtx_VERSION_KEY.tar.gz` by key. */
const archives: Readonly<Record<string, string>> = {
  linux_amd64: "81b143f55a5d23d4a8c028d52869c14ea4a59919900528698fcc97a747fd69c6",
  linux_arm64: "d1689f0bfefb1864e5ed3dcc8495eb2d7ec0a654f90bf3cd48980cb3bd08718a",
};

const architectures: Readonly<Record<string, string>> = { x64: "amd64", arm64: "arm64" };

export interface ReleaseSource {
  readonly baseUrl: string;
  readonly archives: Readonly<Record<string, string>>;
}

const officialRelease: ReleaseSource = {
  baseUrl: `https://github.com/bluenviron/mediamtx/releases/download/${mediamtxVersion}`,
  archives,
};

/**
 * Downloads and unpacks into `folder`. Gives the binary's path; no answer within 8 s, or a body
 * that takes more than 3 minutes, is a failure.
 * @throws Error that says in words why not; nothing unchecked is ever unpacked
 */
export async function downloadMediamtx(
  folder: string,
  signal: AbortSignal,
  source: ReleaseSource = officialRelease,
): Promise<string> {
  const key = `${process.platform}_${architectures[process.arch] ?? process.arch}`;
  const expected = source.archives[key];
  if (expected === undefined) throw new Error(`no checksum is pinned for ${key}`);
  const archive = join(folder, "mediamtx.tar.gz");
  const bytes = await download(`${source.baseUrl}/mediamtx_${mediamtxVersion}_${key}.tar.gz`, signal);
  const found = createHash("sha256").update(bytes).digest("hex");
  if (found !== expected) throw new Error(`the archive's SHA-256 is ${found}, expected ${expected}`);
  await writeFile(archive, bytes);
  const unpacked = await run("tar", ["-xzf", archive, "-C", folder, "mediamtx"], { timeoutMs: 60_000, signal });
  if (!unpacked.ok) throw new Error(`tar: ${unpacked.reason}`);
  return join(folder, "mediamtx");
}

async function download(url: string, signal: AbortSignal): Promise<Buffer> {
  const abort = new AbortController();
  let timer = setTimeout(() => abort.abort(new Error(`no answer from ${new URL(url).host}`)), 8000);
  try {
    const response = await fetch(url, { signal: AbortSignal.any([signal, abort.signal]) });
    if (!response.ok) throw new Error(`HTTP ${response.status} for ${url}`);
    clearTimeout(timer);
    timer = setTimeout(() => abort.abort(new Error("the download took longer than 3 minutes")), 180_000);
    return Buffer.from(await response.arrayBuffer());
  } catch (error) {
    throw error instanceof TypeError && error.cause instanceof Error ? error.cause : error;
  } finally {
    clearTimeout(timer);
  }
}
