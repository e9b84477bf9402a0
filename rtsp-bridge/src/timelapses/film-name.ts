// Pure: names of films. The job's file and the time at which it began are in the name, so that a film
// says what it is wherever it is copied to, and nothing needs to be kept beside it.

export interface FilmName {
  readonly job: string;
  readonly startedAtMs: number;
}

const pattern = /^(.+)_(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z\.mp4$/u;
const longestBytes = 120;

/** `benchy_20260131T184502Z.mp4`: a name that every file system takes; the time is UTC. */
export function filmName(file: string | null, startedAtMs: number): string {
  return `${safeName(file ?? "")}_${stamp(startedAtMs)}.mp4`;
}

/** Undefined for other files. */
export function parseFilmName(name: string): FilmName | undefined {
  const [, job, ...time] = pattern.exec(name) ?? [];
  const [year = "", month, day, hour, minute, second] = time;
  const startedAtMs = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return job === undefined || Number.isNaN(startedAtMs) ? undefined : { job, startedAtMs };
}

/** `20260131T184502Z` */
export function stamp(ms: number): string {
  return new Date(ms).toISOString().replaceAll(/[-:]|\.\d+/gu, "");
}

/** The file's own name without folders and the endings of slicers; letters of every script stay. */
export function safeName(file: string): string {
  const own = file.normalize("NFC").split(/[/\\]/u).at(-1) ?? "";
  let name = own
    .replace(/(?:\.gcode|\.3mf|\.bgcode|\.gco|\.g|\.ufp|\.goo)+$/iu, "")
    .replaceAll(/[^\p{L}\p{M}\p{N} ._()+-]+/gu, "_")
    .replaceAll(/^[ .]+|[ .]+$/gu, "");
  while (Buffer.byteLength(name) > longestBytes) name = name.replace(/.$/u, "");
  return name.replaceAll(/[ .]+$/gu, "") || "job";
}
