// Slates drawn by a child (./slate-child.ts) that is started when one is wanted and ended a moment
// after the last. Drawing itself is ./placeholder.ts.

import { spawn, type ChildProcessByStdio } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { PictureSize } from "../ffmpeg/jpeg.ts";
import type { SlateRequest, SlateText } from "./placeholder.ts";

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

interface Order {
  readonly request: SlateRequest;
  readonly resolve: (jpeg: Uint8Array) => void;
  readonly reject: (error: Error) => void;
}

/** Slates are wanted in bunches: all streams at the start, all again when the gateway goes away. */
const idleMs = 2000;
/** A small board that boots takes seconds to start it. */
const drawMs = 30_000;
const childFile = fileURLToPath(new URL("slate-child.ts", import.meta.url));

export class SlatePainter implements AsyncDisposable {
  readonly #orders: Order[] = [];
  #child: Child | undefined;
  #exited: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #pending: Buffer = Buffer.alloc(0);
  #complaint = "";
  #isDisposed = false;

  /** A JPEG of exactly this size. @throws Error when it cannot be drawn, or the painter is disposed */
  readonly draw = async (size: PictureSize, text: SlateText): Promise<Uint8Array> => {
    if (this.#isDisposed) throw new Error("the bridge stops");
    return new Promise((resolve, reject) => {
      const order = { request: { size, text }, resolve, reject };
      this.#orders.push(order);
      this.#child ??= this.#start();
      this.#child.stdin.write(`${JSON.stringify(order.request)}\n`);
      this.#limit(drawMs, "SIGKILL");
    });
  };

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
    this.#child?.kill("SIGKILL");
    await this.#exited;
  }

  #start(): Child {
    const child = spawn(process.execPath, ["--max-semi-space-size=1", childFile], { stdio: ["pipe", "pipe", "pipe"] });
    this.#pending = Buffer.alloc(0);
    this.#complaint = "";
    child.stdin.on("error", () => undefined); // its end says all
    child.stdout.on("data", (chunk: Buffer) => this.#read(chunk));
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
      this.#complaint = `${this.#complaint}${chunk}`.slice(-500);
    });
    this.#exited = new Promise((resolve) => {
      const gone = (): void => {
        this.#gone(child);
        resolve();
      };
      child.once("close", gone);
      child.once("error", gone);
    });
    return child;
  }

  #read(chunk: Buffer): void {
    this.#pending = Buffer.concat([this.#pending, chunk]);
    while (this.#pending.length >= 4) {
      const end = 4 + this.#pending.readUInt32BE(0);
      if (this.#pending.length < end) return;
      this.#deliver(Uint8Array.from(this.#pending.subarray(4, end)));
      this.#pending = this.#pending.subarray(end);
    }
  }

  #deliver(jpeg: Uint8Array): void {
    const order = this.#orders.shift();
    if (jpeg.length === 0) order?.reject(new Error(this.#complaint.trim() || "the slate cannot be drawn"));
    else order?.resolve(jpeg);
    if (this.#orders.length === 0) this.#limit(idleMs, "end");
    else this.#limit(drawMs, "SIGKILL");
  }

  /** Ends the child after so long, unless something comes before. */
  #limit(ms: number, how: "end" | "SIGKILL"): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      const child = this.#child;
      if (how === "SIGKILL") child?.kill("SIGKILL");
      else child?.stdin.end();
      // What is ordered from now on is for the next one.
      if (how === "end") this.#child = undefined;
    }, ms).unref();
  }

  #gone(child: Child): void {
    if (this.#child !== child) return;
    this.#child = undefined;
    clearTimeout(this.#timer);
    for (const { reject } of this.#orders.splice(0)) {
      reject(new Error(this.#complaint.trim() || "the process that draws slates ended"));
    }
  }
}
