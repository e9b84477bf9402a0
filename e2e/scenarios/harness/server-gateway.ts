// A gateway process with one print server in its inventory, twice: with its own credential, and with
// a wrong one.

import { RestPrinter, type Json } from "./rest-printer.ts";
import { Stack } from "./stack.ts";

/** The id of the printer in the inventory. */
const id = "server";
const slowMs = 90_000;

/** The printer behind the server, and the gateway with it. */
export class ServerGateway extends RestPrinter implements AsyncDisposable {
  /** The same printer for somebody whose credential is wrong. */
  readonly stranger: RestPrinter;
  readonly #stack: Stack;

  private constructor(stack: Stack) {
    super(stack, id, slowMs);
    this.stranger = new RestPrinter(stack, "stranger", slowMs);
    this.#stack = stack;
  }

  static async start(family: string, connection: Json, wrongConnection: Json): Promise<ServerGateway> {
    const entries = [
      { id, family, control: true, connection },
      { id: "stranger", family, control: true, connection: wrongConnection },
    ];
    return new ServerGateway(await Stack.start({ printers: {}, entries }));
  }

  /** Which of the commands the printer has. */
  async has(...names: readonly string[]): Promise<boolean> {
    const { commands } = (await (await this.request("GET", "")).json()) as { commands: readonly string[] };
    return names.every((name) => commands.includes(name));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack[Symbol.asyncDispose]();
  }
}
