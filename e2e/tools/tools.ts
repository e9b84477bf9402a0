// `make tools`: what the host needs beside Node to run the stack without Docker. Says nothing
// when all is there but one line; exits with 1 and advice when something cannot be had.

import { ensureFfmpeg } from "./ffmpeg.ts";
import { ensureMediamtx } from "./mediamtx.ts";
import { mediamtxVersion } from "./paths.ts";

/** MediaMTX and ffmpeg, found or fetched. @throws Error with advice for each one that is missing */
export async function ensureTools(say: (line: string) => void, signal: AbortSignal): Promise<void> {
  const results = [];
  for (const ensure of [ensureFfmpeg, ensureMediamtx])
    results.push(...(await Promise.allSettled([ensure(say, signal)])));
  const problems = results.flatMap((result) => (result.status === "rejected" ? [String(result.reason.message)] : []));
  if (problems.length > 0) throw new Error(problems.join("\n"));
}

function say(line: string): void {
  process.stdout.write(`tools: ${line}\n`);
}

if (import.meta.main) {
  const stop = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.once(name, () => stop.abort(new Error(`interrupted by ${name}`)));
  try {
    await ensureTools(say, stop.signal);
    say(`ffmpeg, ffprobe and MediaMTX ${mediamtxVersion} are here`);
  } catch (error) {
    process.stderr.write(`tools: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
