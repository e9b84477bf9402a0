// The objects of the running job: which there are, as its project on the printer says, and leaving
// some of them out. Facts: the family's README.

import type { CommandHandlers, CommandOutput } from "../../../model/commands.ts";
import { PrinterError } from "../../../model/errors.ts";
import { gcodeState, list, number, text } from "../report-fields.ts";
import { refused, send, type CommandContext } from "./commands-send.ts";
import type { Project, ProjectPlate } from "../files/project.ts";

type Objects = CommandOutput<"listObjects">;

export function objectHandlers(context: CommandContext): CommandHandlers {
  return {
    listObjects: async (_input, { signal }) => ({ items: await objectsOf(context, signal) }),
    skipObjects: async ({ objects }, options) => {
      demandPrinting(context);
      const known = await objectsOf(context, options.signal);
      const ids = [...new Set(objects)];
      ids.forEach((id, index) => {
        if (!known.some((object) => object.id === id) || !/^\d{1,9}$/u.test(id))
          throw refused(`/objects/${index}`, `the job has no object "${id}"; see list-objects`);
      });
      if (known.every(({ id, skipped }) => skipped || ids.includes(id)))
        throw refused("/objects", "nothing would be left to print: stop the job in place of it");
      // Reading the project may have taken minutes.
      demandPrinting(context);
      const obj_list = ids.map(Number);
      return send(context, "print", "skip_objects", { obj_list }, options, {
        effect: (report) => obj_list.every((id) => list(report["s_obj"]).some((each) => number(each) === id)),
      });
    },
  };
}

function demandPrinting({ link }: CommandContext): void {
  const state = gcodeState(link.report());
  if (state === "RUNNING" || state === "PAUSE") return;
  throw new PrinterError("wrong_phase", "objects can be left out while the job prints or is paused");
}

async function objectsOf(context: CommandContext, signal: AbortSignal): Promise<Objects["items"]> {
  const { link } = context;
  const state = gcodeState(link.report());
  if (state === "PREPARE" || state === "SLICING") {
    // While it loads a job a P1 is too busy to serve files.
    throw new PrinterError("wrong_phase", "the printer is still loading the job; ask again when it prints");
  }
  if (link.readings().job === null) return [];
  const { objects } = runningPlate(context, await runningProject(context, signal));
  const skipped = new Set(list(link.report()["s_obj"]).map(String));
  return objects.map((object) => ({ ...object, skipped: object.skipped || skipped.has(object.id) }));
}

/** Where the running job's project may lie, the likeliest first. */
function candidates({ link }: CommandContext): readonly string[] {
  const report = link.report();
  const name = text(report["subtask_name"]);
  const file = text(report["gcode_file"]).replace(/^\/+/u, "");
  const names = name === "" ? [] : [`${name}.3mf`, `${name}.gcode.3mf`];
  // On some models that is a copy in memory, which no file transfer reaches.
  const own = /metadata/iu.test(file) || !/\.3mf$/iu.test(file) ? [] : [file.split("/").at(-1) ?? file];
  const all = [...new Set([...names, ...own])].filter((each) => !/[/\\]|\p{Cc}/u.test(each));
  return all.flatMap((each) => [`cache/${each}`, each]);
}

async function runningProject(context: CommandContext, signal: AbortSignal): Promise<Project> {
  for (const name of candidates(context)) {
    if ((await sizeOf(context, name, signal)) !== null) return context.files.project(name, signal);
  }
  throw new PrinterError("not_found", "the project of the running job is not among the printer's files");
}

/** A name that the file store takes for none is not there. */
async function sizeOf({ files }: CommandContext, name: string, signal: AbortSignal): Promise<number | null> {
  try {
    return await files.size(name, signal);
  } catch (thrown) {
    if (thrown instanceof PrinterError && thrown.code === "invalid_input") return null;
    throw thrown;
  }
}

function runningPlate({ link }: CommandContext, { plates }: Project): ProjectPlate {
  const report = link.report();
  const [, inName] = /plate_(\d+)\.gcode/u.exec(text(report["gcode_file"])) ?? [];
  const wanted = number(inName) ?? link.orderedPlate ?? number(report["plate_idx"]) ?? number(report["plate_id"]);
  const plate = plates.find((each) => each.number === wanted) ?? (plates.length === 1 ? plates[0] : undefined);
  if (plate !== undefined) return plate;
  throw new PrinterError("not_found", "the printer does not tell which plate of the project it prints");
}
