// Starting a job from a file on the printer: checked, told once, and believed only when the printer
// answers or its state shows it. It is never told twice. Facts: the family's README.

import type { CommandHandlers, CommandInput, HandlerOptions } from "../../../model/commands.ts";
import { PrinterError } from "../../../model/errors.ts";
import { isFree, number, text } from "../report-fields.ts";
import { acknowledged, refused, type CommandContext, type Outcome } from "./commands-send.ts";
import { storedPath } from "../files/file-names.ts";
import { bedTypes } from "./limits.ts";
import { chosenPlate, demandFree, demandNozzles, demandSameModel, demandStored } from "./start-checks.ts";
import { filamentMapping } from "./start-mapping.ts";
import type { Body, PrinterLink, Reply, Report } from "../printer-link.ts";

type StartInput = CommandInput<"start">;

/** A P1P may take more than two minutes to answer. */
const answerMs = 180_000;
/** Lower halves of `print_error` below this tell a status and no fault. */
const faultsFrom = 0x4000;

interface Order {
  readonly command: "project_file" | "gcode_file";
  readonly body: Body;
  /** What the printer will call the job. */
  readonly jobName: string;
  readonly jobId: string | null;
}

export function startHandler(context: CommandContext): NonNullable<CommandHandlers["start"]> {
  const submissions = submissionsOf(context.link);
  return async (input, options) => {
    if (submissions.isBusy) throw new PrinterError("wrong_phase", "another start is still on its way to the printer");
    submissions.isBusy = true;
    try {
      const order = await prepared(context, input, options, submissions);
      return await ordered(context, order, options);
    } finally {
      submissions.isBusy = false;
    }
  };
}

/** Outlives one set of handlers, since a session may make new ones. */
class Submissions {
  isBusy = false;
  #last = 0;

  /** A number that no earlier job of this printer has. Larger ones a P1S cuts, and takes two jobs for one. */
  next(unixMs: number, present: string): string {
    const limit = 2 ** 31;
    const seconds = Math.floor(unixMs / 1000) % limit;
    let id = Math.max(seconds, this.#last + 1);
    if (String(id) === present) id += 1;
    this.#last = id % limit || 1;
    return String(this.#last);
  }
}

const submissions = new WeakMap<PrinterLink, Submissions>();

function submissionsOf(link: PrinterLink): Submissions {
  const known = submissions.get(link) ?? new Submissions();
  submissions.set(link, known);
  return known;
}

async function prepared(
  context: CommandContext,
  input: StartInput,
  options: HandlerOptions,
  submissions: Submissions,
): Promise<Order> {
  const { link } = context;
  const path = storedPath(input.file);
  const isProject = /\.3mf$/iu.test(path);
  if (!isProject && !/\.gcode$/iu.test(path)) throw refused("/file", "the printer prints .3mf and .gcode files");
  const bedType = checkedBed(input.plate);
  checkExtras(context, input);
  demandFree(link);
  await demandStored(context, input.file, options);
  if (!isProject) {
    checkPlain(input);
    demandFree(link);
    return { command: "gcode_file", body: { param: path }, jobName: jobNameOf(input.file), jobId: null };
  }
  const project = await context.files.project(input.file, options.signal);
  const plate = chosenPlate(project, input.plateNumber);
  demandSameModel(plate, link.model);
  demandNozzles(plate, link);
  const mapping = filamentMapping({ report: link.report(), model: link.model, project, plate, slots: input.slots });
  // Reading the project may have taken minutes.
  demandFree(link);
  const id = submissions.next(context.clock.now(), text(link.report()["subtask_id"]));
  const jobName = jobNameOf(input.file);
  const url = jobUrl(context, path);
  const job = { param: plate.gcode, url, file: input.file.split("/").at(-1), md5: "", subtask_name: jobName };
  const ids = { project_id: id, profile_id: "0", task_id: id, subtask_id: id };
  const body = { ...job, ...ids, bed_type: bedType, ...switches(input), cfg: "0", ...mapping };
  return { command: "project_file", body, jobName, jobId: id };
}

function jobNameOf(file: string): string {
  const name = file.split("/").at(-1) ?? file;
  return name.replace(/(?:\.gcode)?\.3mf$|\.gcode$/iu, "");
}

/** The `ftp` form is parsed as it stands: what would need an escape cannot be named by it. */
function jobUrl({ link, jobUrl = link.model.jobUrl }: CommandContext, path: string): string {
  const name = path.slice(1);
  if (jobUrl.startsWith("ftp:") && /[\s%#?]/u.test(name))
    throw refused("/file", "this printer starts no file with spaces or signs of an address in its name: rename it");
  return `${jobUrl}${name}`;
}

/** True booleans: newer machines read a number here as something else. */
function switches(input: Partial<StartInput>): Body {
  const level = input.levelBed ?? false;
  const flow = input.calibrateFlow ?? false;
  return {
    timelapse: input.timelapse ?? false,
    bed_leveling: level,
    auto_bed_leveling: level ? 1 : 0,
    flow_cali: flow,
    extrude_cali_flag: flow ? 1 : 0,
    extrude_cali_manual_mode: 0,
    nozzle_offset_cali: 0,
    vibration_cali: input.calibrateVibration ?? false,
    layer_inspect: input.inspectFirstLayer ?? false,
  };
}

function checkedBed(plate: string | undefined): string {
  if (plate === undefined) return "auto";
  if (bedTypes.some((known) => known === plate)) return plate;
  throw refused("/plate", `there is no plate "${plate}"; legal: ${bedTypes.join(", ")}`);
}

function checkExtras({ link: { model } }: CommandContext, input: StartInput): void {
  if (input.inspectFirstLayer && !model.name.startsWith("X1"))
    throw refused("/inspectFirstLayer", `the ${model.name} cannot; models of the X1 series inspect it`);
  if (input.calibrateVibration && model.name === "P2S")
    throw refused("/calibrateVibration", "the P2S does not take it with a job; use calibrate before");
}

/** Plain G-code carries its own settings; the printer's command for it has a path and no more. */
function checkPlain(input: StartInput): void {
  const { plateNumber, plate, slots } = input;
  const given = Object.entries({ plateNumber, plate, slots }).find(([, value]) => value !== undefined);
  const on = Object.entries(switches(input)).find(([, value]) => value === true || value === 1);
  if (given !== undefined) throw refused(`/${given[0]}`, onlyProjects);
  if (on !== undefined) throw refused("/file", onlyProjects);
}

const onlyProjects = "only for .3mf files: plain G-code is printed as it stands";

/**
 * Tells the printer once, and waits for its answer or for its state to show the job.
 * @throws PrinterError `printer_refused` on its no or a new error of its own; what the link throws
 */
async function ordered({ link }: CommandContext, order: Order, options: HandlerOptions): Promise<Outcome> {
  const before = number(link.report()["print_error"]) ?? 0;
  const failure = (report: Report): number | null => {
    const now = number(report["print_error"]) ?? 0;
    return (now & 0xffff) >= faultsFrom && now !== before ? now : null;
  };
  const over = new AbortController();
  const signal = AbortSignal.any([options.signal, over.signal]);
  const answer = link.request("print", order.command, order.body, { signal, timeoutMs: answerMs });
  const seen = link.until((report) => isOurs(report, order) || failure(report) !== null, {
    signal,
    timeoutMs: answerMs,
  });
  const byAnswer = async (): Promise<Reply | boolean> => {
    const reply = await answer;
    return reply === undefined || reply.result === null ? seen : reply;
  };
  const byState = async (): Promise<Reply | boolean> => {
    if (await seen) return true;
    const reply = await answer;
    return reply === undefined || reply.result === null ? false : reply;
  };
  try {
    const first = await Promise.race([byAnswer(), byState()]);
    const error = failure(link.report());
    if (error !== null) throw new PrinterError("printer_refused", failedWords(order, hexCode(error)));
    if (first === true) return acknowledged;
    if (first === false) return { outcome: "unconfirmed" };
    if (first.result === "success") return acknowledged;
    throw new PrinterError("printer_refused", failedWords(order, first.reason ?? "it gave no reason"));
  } finally {
    over.abort();
    await Promise.allSettled([answer, seen]);
  }
}

function isOurs(report: Report, { jobId, jobName }: Order): boolean {
  if (isFree(report)) return false;
  const id = text(report["subtask_id"]);
  if (jobId !== null && id === jobId) return true;
  return text(report["subtask_name"]) === jobName || text(report["gcode_file"]).includes(jobName);
}

/** As the vendor writes its codes: 0500_8013. */
function hexCode(error: number): string {
  const hex = (error >>> 0).toString(16).toUpperCase().padStart(8, "0");
  return `${hex.slice(0, 4)}_${hex.slice(4)}`;
}

const addressCodes = new Set(["0500_4002", "0500_8013"]);

function failedWords({ command, body }: Order, reason: string): string {
  const words = `the printer did not start the job: ${reason}`;
  const isAddress = command === "project_file" && addressCodes.has(reason);
  return isAddress ? `${words}; it was told ${String(body["url"])}: its model may want another form` : words;
}
