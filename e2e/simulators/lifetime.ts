// How a simulator begins, lets time pass and ends. What happens in that time is the family's.

import type { Simulator } from "./simulator.ts";

const tickMs = 100;

/** Opens it; what fails to open is disposed of. @throws the listening error. */
export async function opened<Part extends AsyncDisposable & { open(): Promise<void> }>(part: Part): Promise<Part> {
  await using stack = new AsyncDisposableStack();
  stack.use(part);
  await part.open();
  stack.move();
  return part;
}

/** A simulator of parts that `stack` holds: disposing of it ends them all. */
export function holding(stack: AsyncDisposableStack, parts: Omit<Simulator, typeof Symbol.asyncDispose>): Simulator {
  const held = stack.move();
  return { ...parts, [Symbol.asyncDispose]: async () => held.disposeAsync() };
}

/** Tells ten times a second how much time has passed, seconds: measured, so that a busy computer loses none. */
export function passTime(pass: (wallSeconds: number) => void): Disposable {
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    const wallSeconds = (now - last) / 1000;
    last = now;
    pass(wallSeconds);
  }, tickMs);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
