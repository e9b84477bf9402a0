// The life of a process: one root signal, aborted by SIGTERM or SIGINT; a second signal or a
// deadline ends the process whatever still runs.

export interface LifecycleOptions {
  /** Longest time between the first signal and the end of the process, ms. */
  readonly deadlineMs: number;
  readonly onDeadline?: () => void;
}

/**
 * Runs `main` with the root signal until it returns. Returns the exit code: what `main` gives,
 * or 0 when it ended because it was asked to.
 */
export async function runProcess(
  main: (signal: AbortSignal) => Promise<number | undefined>,
  options: LifecycleOptions,
): Promise<number> {
  const root = new AbortController();
  let deadline: NodeJS.Timeout | undefined;
  const onSignal = (name: NodeJS.Signals): void => {
    if (root.signal.aborted) process.exit(1);
    root.abort(new DOMException(`received ${name}`, "AbortError"));
    deadline = setTimeout(() => {
      options.onDeadline?.();
      process.exit(1);
    }, options.deadlineMs);
  };
  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);
  try {
    return (await main(root.signal)) ?? 0;
  } catch (error) {
    if (root.signal.aborted && error === root.signal.reason) return 0;
    throw error;
  } finally {
    clearTimeout(deadline);
    process.off("SIGTERM", onSignal);
    process.off("SIGINT", onSignal);
  }
}

/** Resolves when the signal aborts. */
export async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
