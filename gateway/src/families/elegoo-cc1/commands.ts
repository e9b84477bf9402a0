// The life of a job: start, pause, resume, stop. And the register of all the handlers of a session.

import { PrinterError } from "../../model/errors.ts";
import { commandRow, type CommandHandlers, type CommandInput, type CommandResult } from "../../model/commands.ts";
import { controlHandlers } from "./controls.ts";
import { fileHandlers } from "./files.ts";
import { acknowledged, invalid } from "./guards.ts";
import { historyHandlers } from "./history.ts";
import type { RequestName, RequestPayload } from "./request-table.ts";
import type { CentauriSession } from "./session.ts";
import { hasJob, isOccupied } from "./state.ts";
import { printablePath } from "./stored-path.ts";
import { Turn } from "./turn.ts";
import { upload } from "./upload.ts";
import { refusalOf } from "./words.ts";

/** The printer heats and homes before it answers a start. */
const startAnswerMs = 30_000;

/** Sides of the build plate: A is textured, B is smooth. */
const plates: Readonly<Record<string, 0 | 1>> = { textured: 0, smooth: 1 };

type Lifecycle = "pause" | "resume" | "stop" | "start";

/** Handlers of one session. */
export function createHandlers(session: CentauriSession): CommandHandlers {
  const turn = new Turn(session.clock);

  async function lifecycle<Name extends RequestName>(
    command: Lifecycle,
    request: Name,
    payload: RequestPayload<Name>,
    options: { readonly signal: AbortSignal; readonly deadlineMs?: number },
  ): Promise<CommandResult<Lifecycle>> {
    return turn.take(options.signal, async () => {
      await session.refresh(options.signal);
      mustBePossible(session, command);
      turn.lock();
      return acknowledged(async () => {
        const { ack } = await session.ask(request, payload, options);
        if (ack !== 0) throw new PrinterError("printer_refused", refusalOf(request, ack));
      });
    });
  }

  return {
    ...controlHandlers(session, turn),
    ...fileHandlers(session, turn),
    ...historyHandlers(session),
    uploadFile: async ({ file: name }, { file, signal }) => upload(session, name, file, signal),
    pause: async (_input, { signal }) => lifecycle("pause", "pausePrint", {}, { signal }),
    resume: async (_input, { signal }) => lifecycle("resume", "resumePrint", {}, { signal }),
    stop: async (_input, { signal }) => lifecycle("stop", "stopPrint", {}, { signal }),
    start: async (input, { signal }) =>
      lifecycle("start", "startPrint", startPayload(session, input), { signal, deadlineMs: startAnswerMs }),
    refresh: async (_input, { signal }) => {
      await session.refresh(signal);
      return { outcome: "acknowledged" };
    },
  };
}

/** By the status that just came; the gate in front of the handlers knows an older one. */
function mustBePossible(session: CentauriSession, command: Lifecycle): void {
  const { phase } = session.readings;
  if (command === "start" && (isOccupied(session.status) || session.transfer !== null)) {
    throw new PrinterError(
      "wrong_phase",
      "the printer is printing, receiving or checking a file; wait until it is idle",
    );
  }
  if (command === "stop" && !hasJob(session.status)) {
    throw new PrinterError("wrong_phase", "there is no job that could be stopped");
  }
  if (commandRow(command).phases?.includes(phase) === false) {
    throw new PrinterError("wrong_phase", `not possible: the printer is ${phase} by now`);
  }
}

/** @throws PrinterError `invalid_input` */
function startPayload(
  session: CentauriSession,
  { file, levelBed, timelapse, plate = "textured", slots = [] }: CommandInput<"start">,
): RequestPayload<"startPrint"> {
  const side = Object.hasOwn(plates, plate) ? plates[plate] : undefined;
  if (side === undefined) throw invalid("/plate", `one of ${Object.keys(plates).join(", ")}`);
  const { materials } = session.readings;
  for (const [index, { unit, slot }] of slots.entries()) {
    if (materials.some((material) => material.unit === unit && material.slot === slot)) continue;
    const legal = materials.map((material) => `${material.unit}/${material.slot}`).join(", ");
    throw invalid(
      `/slots/${index}`,
      materials.length === 0 ? "no slots: this printer has no Canvas" : `one of ${legal}`,
    );
  }
  return {
    Filename: printablePath(file),
    StartLayer: 0,
    Calibration_switch: levelBed ? 1 : 0,
    PrintPlatformType: side,
    Tlp_Switch: timelapse ? 1 : 0,
    slot_map: slots.map(({ tool, unit, slot }) => ({ t: tool, canvas_id: Number(unit), tray_id: Number(slot) })),
  };
}
