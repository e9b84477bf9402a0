// Lines of LIST, as `ls -l` writes them. It reads no disk.

import type { CardEntry } from "../storage.ts";

const monthNames = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
/** Older files show their year where newer ones show the time. */
const recentMs = 182 * 86_400_000;

/** One line without its end; times are UTC. */
export function listLine({ name, isFolder, sizeBytes, modifiedAt }: CardEntry, now: Date): string {
  const rights = isFolder ? "drwxr-xr-x" : "-rw-r--r--";
  const size = String(sizeBytes).padStart(12);
  return `${rights}    ${isFolder ? 2 : 1} 0        0        ${size} ${listDate(modifiedAt, now)} ${name}`;
}

function listDate(at: Date, now: Date): string {
  const day = `${monthNames[at.getUTCMonth()]} ${two(at.getUTCDate())}`;
  const ageMs = now.getTime() - at.getTime();
  if (ageMs < 0 || ageMs > recentMs) return `${day}  ${at.getUTCFullYear()}`;
  return `${day} ${two(at.getUTCHours())}:${two(at.getUTCMinutes())}`;
}

function two(number: number): string {
  return String(number).padStart(2, "0");
}

/** MDTM's form, UTC. */
export function mdtmDate(at: Date): string {
  return at.toISOString().replaceAll(/\D/g, "").slice(0, 14);
}
