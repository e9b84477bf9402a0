// What ffprobe finds: the first thing that every player does with an address.

import { run, type CommandResult } from "../../tools/command.ts";

/** The codecs in a file or at an address, one a line; with the reason where there are none. */
export async function probe(address: string): Promise<CommandResult> {
  const shown = ["-v", "error", "-show_entries", "stream=codec_name", "-of", "csv=p=0"];
  const transport = address.startsWith("rtsp") ? ["-rtsp_transport", "tcp"] : [];
  return run("ffprobe", [...shown, ...transport, address], { timeoutMs: 40_000 });
}
