// The states that a simulated machine can begin in, and be put into.

import type { Moonraker } from "./moonraker.ts";

export const scenarios = ["idle", "printing", "paused", "finished", "error", "disconnected"] as const;

/** Puts the machine into a state that `scenarios` names, from any other. */
export function enterScenario({ klippy, files, history }: Moonraker, name: string): void {
  const { body } = klippy;
  history.finish(body.job, "cancelled");
  body.reset();
  Object.assign(klippy, { state: "ready", stateMessage: "Printer is ready", isPaused: false });
  const file = files.get("cube.gcode");
  if (file === undefined) return;
  const third = file.seconds / 3;
  if (name === "printing") body.putInto(file, history.begin(file), "printing", third);
  if (name === "paused") {
    body.putInto(file, history.begin(file), "paused", third);
    klippy.isPaused = true;
  }
  if (name === "finished") {
    body.putInto(file, history.begin(file), "complete", file.seconds);
    history.finish(body.job, "completed");
  }
  if (name === "error") klippy.shutdown("MCU 'mcu' shutdown: Timer too close");
  if (name === "disconnected") klippy.disconnect();
}
