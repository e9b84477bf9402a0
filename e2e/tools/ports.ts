// Tells before anything starts which of the wanted ports are taken, and by which setting to move.

import { createServer } from "node:net";

export interface WantedPort {
  readonly what: string;
  readonly host: string;
  /** 0 is always free. */
  readonly port: number;
  /** The environment variable that moves it. */
  readonly variable: string;
}

/** One line for each port that cannot be had; empty when all are free. */
export async function takenPorts(wanted: readonly WantedPort[]): Promise<readonly string[]> {
  const lines = await Promise.all(
    wanted.map(async ({ what, host, port, variable }) => {
      const reason = await tryPort(host, port);
      if (reason === undefined) return [];
      return [`${what}: port ${port} ${reason}; set ${variable} to a free one`];
    }),
  );
  return lines.flat();
}

async function tryPort(host: string, port: number): Promise<string | undefined> {
  const server = createServer();
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  server.once("error", ({ code, message }: NodeJS.ErrnoException) => {
    resolve(code === "EADDRINUSE" ? "is in use by another program" : `cannot be had (${message})`);
  });
  server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(undefined)));
  return promise;
}
