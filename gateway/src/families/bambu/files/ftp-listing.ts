// What LIST and NLST answer: lines of `ls -l`, or bare names, or whole paths, as firmware pleases. Not
// which of them are printed. Times are taken as UTC, since the printer does not tell its zone.
//
//   -rw-rw-r--    1 root  root   1234567 Nov 24 17:41 bracket v2.gcode.3mf
//   -rw-rw-r--    1 root  root   1234567 Nov 24  2025 bracket.3mf

import { FileInfo, FileType } from "basic-ftp";

const line =
  /^([-dlbcps])[rwxsStT-]{9}[.+@]?\s+\d+\s+\S+\s+\S+\s+(\d+)\s+(\p{L}{3})\s+(\d{1,2})\s+(\d{4}|\d{1,2}:\d{2})\s(.+)$/u;
const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const dayMs = 86_400_000;

/** Files and folders, without `.` and `..`. @param nowMs for dates without a year, Unix ms */
export function readListing(text: string, nowMs: number): FileInfo[] {
  return text
    .split(/\r?\n/u)
    .filter((row) => row.trim() !== "" && !/^total \d+$/u.test(row))
    .map((row) => readLine(row, nowMs))
    .filter(({ name }) => name !== "" && name !== "." && name !== "..");
}

function readLine(row: string, nowMs: number): FileInfo {
  const [, type, size, month, day, yearOrTime, name] = line.exec(row) ?? [];
  if (name === undefined) return unknown(row);
  const info = new FileInfo(name);
  info.type = type === "d" ? FileType.Directory : type === "-" ? FileType.File : FileType.SymbolicLink;
  info.size = Number(size);
  const modifiedAt = dateOf(month ?? "", Number(day), yearOrTime ?? "", nowMs);
  if (modifiedAt !== undefined) info.modifiedAt = modifiedAt;
  return info;
}

/** A line of NLST: size unknown. */
function unknown(row: string): FileInfo {
  const path = row.trim();
  const info = new FileInfo(path.slice(path.lastIndexOf("/") + 1));
  info.type = FileType.Unknown;
  info.size = Number.NaN;
  return info;
}

function dateOf(month: string, day: number, yearOrTime: string, nowMs: number): Date | undefined {
  const index = months.indexOf(month.toLowerCase());
  if (index === -1) return undefined;
  if (!yearOrTime.includes(":")) return valid(Date.UTC(Number(yearOrTime), index, day));
  const [hour, minute] = yearOrTime.split(":").map(Number);
  const year = new Date(nowMs).getUTCFullYear();
  const at = Date.UTC(year, index, day, hour, minute);
  // `ls` leaves the year out for the last half year only.
  return valid(at > nowMs + dayMs ? Date.UTC(year - 1, index, day, hour, minute) : at);
}

function valid(ms: number): Date | undefined {
  return Number.isNaN(ms) ? undefined : new Date(ms);
}
