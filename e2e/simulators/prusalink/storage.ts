// What is stored: files and their folders in one storage, as `local` on the Pi or `usb` on a Buddy
// board, which knows every file by a short name too.

import type { Profile } from "./profiles.ts";
import type { PrintFile } from "./printer.ts";

type Fields = Readonly<Record<string, unknown>>;

const diskBytes = 16_000_000_000;

export class Storage {
  readonly #files = new Map<string, PrintFile>();
  readonly #profile: Profile;
  /** So much is free, whatever is stored; undefined: by what is stored. */
  freeBytes: number | undefined;

  constructor(profile: Profile) {
    this.#profile = profile;
  }

  /** By its long or short path. */
  find(path: string): PrintFile | undefined {
    if (!this.#profile.shortNames) return this.#files.get(path);
    return [...this.#files.values()].find((file) => this.#shortPath(file.path) === path);
  }

  put(path: string, content: Buffer): PrintFile {
    const text = content.toString("latin1");
    const [, minutes = "10"] = /estimated printing time[^=]*= *(\d+)m/u.exec(text) ?? [];
    const file: PrintFile = {
      storage: this.#profile.storage,
      path,
      content,
      modified: Math.floor(Date.now() / 1000),
      seconds: Number(minutes) * 60,
      hasThumbnail: text.includes("thumbnail begin"),
    };
    this.#files.set(path, file);
    return file;
  }

  delete(file: PrintFile): void {
    this.#files.delete(file.path);
  }

  get free(): number {
    return (
      this.freeBytes ?? diskBytes - [...this.#files.values()].reduce((sum, { content }) => sum + content.length, 0)
    );
  }

  /** As `/api/v1/storage` lists it. */
  describe(): Fields {
    const { storage, kind } = this.#profile;
    const about = { type: kind, path: `/${storage}`, name: storage, available: true, read_only: false };
    return { ...about, free_space: this.free, total_space: diskBytes };
  }

  /** A file as the API shows it. */
  show(file: PrintFile): Fields {
    const { storage } = this.#profile;
    const name = file.path.split("/").at(-1) ?? "";
    return {
      type: "PRINT_FILE",
      name: this.#short(name),
      display_name: name,
      read_only: false,
      m_timestamp: file.modified,
      size: file.content.length,
      refs: {
        download: `/${storage}/${this.#shortPath(file.path)}`,
        icon: null,
        thumbnail: file.hasThumbnail ? `/thumb/l/${storage}/${this.#shortPath(file.path)}` : null,
      },
      meta: { estimated_print_time: file.seconds, "filament used [g]": 12.5 },
    };
  }

  /** A folder with what is right below it; undefined where there is none. */
  folder(path: string): Fields | undefined {
    const prefix = path === "" ? "" : `${path}/`;
    const below = [...this.#files.values()].filter((file) => file.path.startsWith(prefix));
    if (below.length === 0 && path !== "") return undefined;
    const rests = below.map((file) => ({ file, rest: file.path.slice(prefix.length) }));
    const folders = new Set(rests.flatMap(({ rest }) => (rest.includes("/") ? [rest.split("/", 1)[0] ?? ""] : [])));
    const name = path.split("/").at(-1) || this.#profile.storage;
    const about = { type: "FOLDER", read_only: false, m_timestamp: 1_700_000_000 };
    return {
      ...about,
      name,
      display_name: name,
      children: [
        ...[...folders].map((folder) => ({ ...about, name: folder, display_name: folder })),
        ...rests.filter(({ rest }) => !rest.includes("/")).map(({ file }) => this.show(file)),
      ],
    };
  }

  #shortPath(path: string): string {
    const parts = path.split("/");
    return [...parts.slice(0, -1), this.#short(parts.at(-1) ?? "")].join("/");
  }

  /** `A LONG NA.gcode` → `ALONGN~1.GCO`, as FAT does. */
  #short(name: string): string {
    if (!this.#profile.shortNames || /^[A-Z0-9_~]{1,8}\.[A-Z]{1,3}$/u.test(name)) return name;
    const [stem = "", ending = ""] = name.toUpperCase().split(/\.(?=[^.]*$)/u);
    return `${stem.replaceAll(/[^A-Z0-9_]/gu, "").slice(0, 6)}~1.${ending.slice(0, 3)}`;
  }
}
