// The bind port: who are you, asked and answered in one framed exchange.

import type { Introduction } from "./discovery.ts";
import type { ServiceOptions } from "./service.ts";

export class BindDetect implements AsyncDisposable {
  declare readonly counters: { detected: number; malformed: number };
  /** Two of them make a printer: 3000 in clear and 3002 in TLS. Does not listen yet. */
  constructor(
    options: Pick<ServiceOptions, "host" | "port" | "journal"> & {
      /** undefined: in clear. */
      readonly tls: ServiceOptions["tls"] | undefined;
      readonly introduce: () => Introduction;
    },
  ) {
    throw new Error(`not built yet ${String(options)}`);
  }
  get port(): number {
    return 0;
  }
  /** @throws the listening error */
  async open(): Promise<void> {}
  async close(_how: "reset" | "end"): Promise<void> {}
  async [Symbol.asyncDispose](): Promise<void> {}
}
