import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { beforeEach, describe, it } from "node:test";
import { FakeClock } from "@gantry/platform/fake-clock";
import { silentLog } from "@gantry/platform/log";
import { PrinterError } from "../model/errors.ts";
import { createBroadcaster, type BroadcasterOptions } from "./broadcaster.ts";
import type { CameraHub, Frame, ViewerKind } from "./hub.ts";

const graceMs = 10_000;
const reopenMs = 5000;

/** A camera with one slot: the test says when it sends and fails, and how long it takes to close. */
class FakeCamera {
  readonly #clock: FakeClock;
  closingMs = 0;
  opened = 0;
  openNow = 0;
  mostOpen = 0;
  readonly openedAtMs: number[] = [];
  /** Thrown by every attempt to open, while set. */
  refusal: Error | undefined;
  #send: ((jpeg: Uint8Array) => void) | undefined;
  #fail: ((error: Error | undefined) => void) | undefined;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  readonly open = async function* (this: FakeCamera, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    this.opened += 1;
    this.openNow += 1;
    this.openedAtMs.push(this.#clock.monotonic());
    this.mostOpen = Math.max(this.mostOpen, this.openNow);
    const abort = (): void => this.#fail?.(signal.reason as Error);
    signal.addEventListener("abort", abort);
    try {
      if (this.refusal !== undefined) throw this.refusal;
      for (;;) {
        const jpeg = await this.#next();
        if (jpeg === undefined) return;
        yield jpeg;
      }
    } finally {
      signal.removeEventListener("abort", abort);
      if (this.closingMs > 0) await this.#clock.wait(this.closingMs);
      this.openNow -= 1;
    }
  }.bind(this);

  #next(): Promise<Uint8Array | undefined> {
    return new Promise((resolve, reject) => {
      this.#send = resolve;
      this.#fail = (error) => (error === undefined ? resolve(undefined) : reject(error));
    });
  }

  /** Sends one picture and lets everybody see it. */
  async send(byte = 1): Promise<void> {
    assert.ok(this.#send !== undefined, "the camera is open");
    this.#send(Uint8Array.of(0xff, 0xd8, byte, 0xff, 0xd9));
    await this.#clock.advance(0);
  }

  /** The connection fails, or ends when there is no error. */
  async fail(error?: Error): Promise<void> {
    this.#fail?.(error);
    await this.#clock.advance(0);
  }
}

interface Viewer {
  readonly frames: Frame[];
  readonly ended: Promise<void>;
  stop(): void;
}

let clock: FakeClock;
let camera: FakeCamera;
let hub: CameraHub & AsyncDisposable;

function view(kind: "mjpeg" | "rtsp" = "mjpeg"): Viewer {
  const controller = new AbortController();
  const frames: Frame[] = [];
  const ended = look(kind, controller.signal, frames);
  return { frames, ended, stop: () => controller.abort() };
}

/** Asks again after a failure, as the RTSP bridge does. */
async function look(kind: ViewerKind, signal: AbortSignal, frames: Frame[]): Promise<void> {
  while (!signal.aborted) {
    try {
      for await (const frame of await hub.watch({ kind, signal })) frames.push(frame);
      return;
    } catch (error) {
      if (/removed/u.test(String(error))) return;
      await clock.wait(200, signal).catch(() => undefined);
    }
  }
}

/** A viewer who waits for a first picture. */
function watch(): Promise<AsyncIterable<Frame>> {
  const watching = hub.watch({ kind: "mjpeg", signal: new AbortController().signal });
  watching.catch(() => undefined);
  return watching;
}

/** A viewer whose first picture, marked 0, is there and not taken yet. */
async function begun(signal = new AbortController().signal): Promise<AsyncIterator<Frame>> {
  const watching = hub.watch({ kind: "mjpeg", signal });
  await clock.advance(0);
  await camera.send(0);
  return (await watching)[Symbol.asyncIterator]();
}

function snapshot(options: { maxAgeMs?: number; timeoutMs?: number; signal?: AbortSignal } = {}): Promise<Frame> {
  const promise = hub.snapshot({ maxAgeMs: 2000, timeoutMs: 8000, signal: new AbortController().signal, ...options });
  promise.catch(() => undefined);
  return promise;
}

const marks = (frames: readonly Frame[]): (number | undefined)[] => frames.map((frame) => frame.jpeg[2]);

function create(options: Partial<BroadcasterOptions> = {}): void {
  hub = createBroadcaster({ open: camera.open, clock, log: silentLog, graceMs, reopenMs, ...options });
}

beforeEach(() => {
  clock = new FakeClock();
  camera = new FakeCamera(clock);
  create();
});

describe("viewers", () => {
  it("open nothing before the first one looks", async () => {
    await clock.advance(60_000);
    assert.equal(camera.opened, 0);
    assert.deepEqual(hub.statistics, {
      frames: 0,
      bytes: 0,
      restarts: 0,
      dropped: 0,
      viewers: { mjpeg: 0, snapshot: 0, rtsp: 0 },
      open: false,
      reason: null,
    });
  });

  it("share one connection, fifty at once and of every kind", async () => {
    const viewers = Array.from({ length: 50 }, (_, index) => view(index % 2 === 0 ? "mjpeg" : "rtsp"));
    const picture = snapshot();
    await clock.advance(0);
    for (const byte of [1, 2, 3]) await camera.send(byte);
    assert.equal(camera.opened, 1);
    for (const viewer of viewers) assert.deepEqual(marks(viewer.frames), [1, 2, 3]);
    assert.equal((await picture).jpeg[2], 2);
    assert.deepEqual(hub.statistics.viewers, { mjpeg: 25, snapshot: 0, rtsp: 25 });
    assert.deepEqual([hub.statistics.frames, hub.statistics.bytes, hub.statistics.open], [3, 15, true]);
    assert.deepEqual(
      viewers[0]?.frames.map(({ sequence }) => sequence),
      [1, 2, 3],
    );
  });

  it("get the newest frame at once when it is fresh, and not when it is old", async () => {
    view();
    await clock.advance(0);
    await camera.send(1);
    await clock.advance(1999);
    const early = view();
    await clock.advance(1);
    const late = view();
    await clock.advance(0);
    assert.deepEqual(marks(early.frames), [1]);
    assert.deepEqual(marks(late.frames), []);
  });

  it("that are slow lose the older frames and hold up nobody", async () => {
    const fast = view();
    const slow = await begun();
    const first = slow.next();
    for (let byte = 1; byte <= 10; byte += 1) await camera.send(byte);
    assert.equal((await first).value?.jpeg[2], 0);
    assert.equal(fast.frames.length, 11);
    assert.equal(hub.statistics.dropped, 8);
    assert.equal((await slow.next()).value?.jpeg[2], 9);
    assert.equal((await slow.next()).value?.jpeg[2], 10);
  });

  it("end at once by return, also while they wait for a frame", async () => {
    const frames = await begun();
    await frames.next();
    const waiting = frames.next();
    await frames.return?.();
    assert.equal((await waiting).done, true);
    assert.equal((await frames.next()).done, true);
    assert.equal(hub.statistics.viewers.mjpeg, 0);
  });

  it("end when their signal aborts and leave no listener behind", async () => {
    const { signal } = new AbortController();
    for (let turn = 0; turn < 20; turn += 1) {
      const frames = await begun(signal);
      void frames.next();
      await frames.return?.();
    }
    assert.equal(getEventListeners(signal, "abort").length, 0);
    const viewer = view();
    viewer.stop();
    await viewer.ended;
    await assert.rejects(hub.watch({ kind: "mjpeg", signal: AbortSignal.abort() }), { code: "aborted" });
    assert.equal(hub.statistics.viewers.mjpeg, 0);
  });
});

describe("a viewer without a first frame", () => {
  it("is told why the camera failed, and when it is tried again", async () => {
    const watching = watch();
    await clock.advance(0);
    await camera.fail(new Error("the camera refuses http://me:secret@192.0.2.5/?token=secret"));
    const retryAfterMs = reopenMs;
    const message = "the camera refuses http://192.0.2.5/";
    await assert.rejects(watching, { code: "unreachable", message, retryAfterMs });
    assert.equal(hub.statistics.viewers.mjpeg, 0);
  });

  it("waits for the next try when that is near, and is told at once when it is not", async () => {
    camera.refusal = new PrinterError("unreachable", "full of viewers", { retryAfterMs: 20_000 });
    const first = watch();
    await clock.advance(0);
    await assert.rejects(first, { message: "full of viewers", retryAfterMs: 20_000 });
    await assert.rejects(watch(), { message: "full of viewers" });
    await clock.advance(13_000);
    camera.refusal = undefined;
    const last = watch();
    await clock.advance(7000);
    await camera.send(1);
    const { value } = await (await last)[Symbol.asyncIterator]().next();
    assert.deepEqual([value?.jpeg[2], camera.opened], [1, 2]);
  });

  it("gets the one frame of a camera that fails right behind it", async () => {
    const watching = watch();
    await clock.advance(0);
    const sent = camera.send(1);
    const failed = camera.fail(new Error("gone"));
    await Promise.all([sent, failed]);
    assert.equal((await (await watching)[Symbol.asyncIterator]().next()).value?.jpeg[2], 1);
  });

  it("is not needed by one who has seen a frame: that one stays through a failure", async () => {
    const seen: Frame[] = [];
    const frames = await begun();
    seen.push((await frames.next()).value as Frame);
    await camera.fail(new Error("gone"));
    const next = frames.next();
    await clock.advance(reopenMs);
    await camera.send(2);
    seen.push((await next).value as Frame);
    assert.deepEqual(marks(seen), [0, 2]);
  });
});

describe("the connection", () => {
  it("is held for the grace after the last viewer, then closed", async () => {
    const viewer = view();
    await clock.advance(0);
    viewer.stop();
    await clock.advance(graceMs - 1);
    assert.equal(camera.openNow, 1);
    await clock.advance(1);
    assert.equal(camera.openNow, 0);
    assert.equal(hub.statistics.open, false);
    assert.equal(clock.pending, 0);
  });

  it("is kept when a viewer comes back within the grace", async () => {
    view().stop();
    const first = view();
    await clock.advance(0);
    first.stop();
    await clock.advance(graceMs - 1);
    const second = view();
    await clock.advance(graceMs * 3);
    assert.equal(camera.opened, 1);
    assert.equal(camera.openNow, 1);
    second.stop();
    await clock.advance(graceMs);
    assert.equal(camera.openNow, 0);
  });

  it("is not opened twice while the old one is still closing, nor sooner than allowed after it", async () => {
    camera.closingMs = 3000;
    const first = view();
    await clock.advance(0);
    first.stop();
    await clock.advance(graceMs);
    const second = view();
    await clock.advance(2999);
    assert.deepEqual([camera.opened, camera.openNow], [1, 1]);
    await clock.advance(1 + reopenMs - 1);
    assert.deepEqual([camera.opened, camera.openNow], [1, 0]);
    await clock.advance(1);
    assert.deepEqual([camera.opened, camera.openNow, camera.mostOpen], [2, 1, 1]);
    await camera.send(7);
    assert.deepEqual(marks(second.frames), [7]);
    assert.equal(hub.statistics.restarts, 0);
  });

  it("is opened again behind the viewers when it fails, after half a minute more slowly, up to ten seconds", async () => {
    const viewer = view();
    await clock.advance(0);
    await camera.send(1);
    camera.refusal = new Error("nothing listens at the camera's address");
    await camera.fail(new Error("reset"));
    await clock.advance(300_000);
    const gaps = camera.openedAtMs.slice(1).map((at, index) => at - (camera.openedAtMs[index] ?? 0));
    assert.equal(gaps[0], reopenMs);
    for (const gap of gaps) assert.ok(gap >= reopenMs && gap <= 10_000, String(gap));
    assert.ok((gaps[1] ?? 0) === reopenMs && (gaps.at(-1) ?? 0) >= 8000, String(gaps));
    assert.equal(hub.statistics.reason, "nothing listens at the camera's address");
    camera.refusal = undefined;
    await clock.advance(30_000);
    await camera.send(2);
    assert.deepEqual(marks(viewer.frames), [1, 2]);
    assert.equal(hub.statistics.reason, null);
    assert.equal(hub.statistics.restarts, camera.opened - 1);
    await camera.fail(new Error("reset"));
    const again = camera.opened;
    await clock.advance(reopenMs);
    assert.equal(camera.opened, again + 1, "a picture resets the back-off");
    assert.equal(camera.mostOpen, 1);
  });

  it("that simply ends counts as failed", async () => {
    view();
    await clock.advance(0);
    await camera.send(1);
    await camera.fail();
    assert.equal(hub.statistics.reason, "the camera ended its stream");
    await clock.advance(reopenMs);
    assert.deepEqual([camera.opened, hub.statistics.restarts], [2, 1]);
  });

  it("waits as long as the printer asks before it is opened again", async () => {
    camera.refusal = new PrinterError("printer_refused", "in use", { retryAfterMs: 60_000 });
    view();
    await clock.advance(59_999);
    assert.equal(camera.opened, 1);
    await clock.advance(1);
    assert.equal(camera.opened, 2);
  });

  it("is not opened again once nobody looks, and not early for one who comes back", async () => {
    camera.refusal = new Error("off");
    const viewer = view();
    await clock.advance(1000);
    viewer.stop();
    await clock.advance(0);
    assert.equal(clock.pending, 0);
    assert.equal(hub.statistics.reason, null);
    view();
    await clock.advance(reopenMs - 1001);
    assert.equal(camera.opened, 1);
    assert.equal(hub.statistics.reason, "off");
    await clock.advance(1);
    assert.equal(camera.opened, 2);
  });

  it("that fails during the grace is left closed", async () => {
    const viewer = view();
    await clock.advance(0);
    viewer.stop();
    await camera.fail(new Error("reset"));
    assert.equal(clock.pending, 0);
    await clock.advance(60_000);
    assert.equal(camera.opened, 1);
  });

  it("survives a source that throws when it is called", async () => {
    let calls = 0;
    create({
      open: () => {
        calls += 1;
        throw new Error("bad address");
      },
    });
    view();
    await clock.advance(reopenMs);
    assert.equal(calls, 2);
    await assert.rejects(snapshot({ timeoutMs: 1 }), /^PrinterError: bad address$/u);
  });
});

describe("a snapshot", () => {
  it("takes the second frame of a camera that it had to open", async () => {
    const picture = snapshot();
    await clock.advance(0);
    assert.equal(hub.statistics.viewers.snapshot, 1);
    await camera.send(1);
    await camera.send(2);
    assert.equal((await picture).jpeg[2], 2);
    assert.equal(hub.statistics.viewers.snapshot, 0);
  });

  it("is the first frame when no second comes before that is too old", async () => {
    const picture = snapshot();
    await clock.advance(3000);
    await camera.send(1);
    await clock.advance(1999);
    assert.equal(hub.statistics.viewers.snapshot, 1);
    await clock.advance(1);
    assert.equal((await picture).jpeg[2], 1);
  });

  it("is the first frame when the time limit passes or the connection ends before a second", async () => {
    const limited = snapshot({ timeoutMs: 1500 });
    const ended = snapshot();
    await clock.advance(1000);
    await camera.send(1);
    await clock.advance(500);
    assert.equal((await limited).jpeg[2], 1);
    await camera.fail();
    assert.equal((await ended).jpeg[2], 1);
  });

  it("is the newest frame while that is young enough, else the next one", async () => {
    view();
    await clock.advance(0);
    await camera.send(1);
    await camera.send(2);
    await clock.advance(2000);
    assert.equal((await snapshot()).jpeg[2], 2);
    await clock.advance(1);
    const next = snapshot();
    await camera.send(3);
    assert.equal((await next).jpeg[2], 3);
    assert.equal(camera.opened, 1);
  });

  it("that is served at once holds a camera open that nobody else watches", async () => {
    const first = snapshot();
    await clock.advance(0);
    await camera.send(1);
    for (let turn = 0; turn < 10; turn += 1) {
      await camera.send(2);
      await snapshot();
      await clock.advance(graceMs - 1);
    }
    await first;
    assert.deepEqual([camera.opened, camera.openNow], [1, 1]);
    await clock.advance(1);
    assert.equal(camera.openNow, 0);
  });

  it("is never an old frame: without a new one it fails in words when the time limit passes", async () => {
    view();
    await clock.advance(0);
    await camera.send(1);
    await camera.send(2);
    await clock.advance(2001);
    const picture = snapshot();
    await clock.advance(8000);
    await assert.rejects(picture, { code: "unreachable", message: "the camera sent no picture in time; try again" });
  });

  it("fails with the camera's own reason, and at once where no new attempt fits into the time limit", async () => {
    camera.refusal = new Error("off");
    const patient = snapshot({ timeoutMs: reopenMs + 1 });
    const hasty = snapshot({ timeoutMs: 2000 });
    await clock.advance(0);
    await assert.rejects(hasty, { code: "unreachable", message: "off" });
    await assert.rejects(snapshot({ timeoutMs: 2000 }), { code: "unreachable", message: "off" });
    camera.refusal = undefined;
    await clock.advance(reopenMs);
    await camera.send(1);
    await clock.advance(1);
    assert.equal((await patient).jpeg[2], 1);
    assert.equal(camera.opened, 2);
  });

  it("ends with its signal and leaves neither timer nor viewer behind", async () => {
    const controller = new AbortController();
    const picture = snapshot({ signal: controller.signal });
    await clock.advance(0);
    controller.abort();
    await assert.rejects(picture, { code: "aborted" });
    await assert.rejects(snapshot({ signal: controller.signal }), { code: "aborted" });
    assert.equal(hub.statistics.viewers.snapshot, 0);
    await clock.advance(graceMs);
    assert.deepEqual([camera.openNow, clock.pending], [0, 0]);
    assert.equal(getEventListeners(controller.signal, "abort").length, 0);
  });
});

describe("dispose", () => {
  const states: Readonly<Record<string, () => Promise<unknown>>> = {
    "before anything": async () => undefined,
    "while it opens": async () => view(),
    "while it delivers": async () => {
      view();
      await clock.advance(0);
      await camera.send(1);
    },
    "during the grace": async () => {
      const viewer = view();
      await clock.advance(0);
      viewer.stop();
      await clock.advance(1);
    },
    "during the back-off": async () => {
      camera.refusal = new Error("off");
      const viewer = view();
      await clock.advance(10);
      viewer.stop();
    },
    "while a snapshot waits": async () => void snapshot(),
    "after it closed": async () => {
      view().stop();
      await clock.advance(graceMs);
    },
  };

  for (const [name, reach] of Object.entries(states)) {
    it(`ends everything ${name}`, async () => {
      await reach();
      const viewer = view();
      const picture = snapshot();
      await Promise.all([hub[Symbol.asyncDispose](), hub[Symbol.asyncDispose]()]);
      await viewer.ended;
      await assert.rejects(picture, { code: "unreachable", message: "the camera was removed from the inventory" });
      await clock.advance(0);
      assert.deepEqual([camera.openNow, clock.pending], [0, 0]);
      const opened = camera.opened;
      await view().ended;
      await assert.rejects(snapshot(), { code: "unreachable" });
      await clock.advance(60_000);
      assert.equal(camera.opened, opened);
      await hub[Symbol.asyncDispose]();
    });
  }

  it("waits until the connection is closed", async () => {
    camera.closingMs = 1000;
    view();
    await clock.advance(0);
    let disposed = false;
    const done = hub[Symbol.asyncDispose]().then(() => (disposed = true));
    await clock.advance(999);
    assert.equal(disposed, false);
    await clock.advance(1);
    await done;
    assert.equal(camera.openNow, 0);
  });
});
