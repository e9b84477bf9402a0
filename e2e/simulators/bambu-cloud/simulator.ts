// The simulated cloud of Bambu Lab: HTTP on one port, MQTT in TLS on the other, one account with one
// printer. It is no printer of its own; a test may give it the serial number of one. Sources: ../README.md.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Authorization } from "../bambu/authorization.ts";
import { createIdentity, serverTls } from "../bambu/certificates.ts";
import { createPrinter } from "../bambu/printer.ts";
import { profiles } from "../bambu/profiles.ts";
import { Reporter } from "../bambu/reporter.ts";
import { Requests } from "../bambu/requests.ts";
import { Card } from "../bambu/storage.ts";
import { holding } from "../lifetime.ts";
import { httpServer } from "../net/http.ts";
import { TcpPort } from "../net/port.ts";
import { addressOf, wholeNumber } from "../settings.ts";
import { type Simulator, type SimulatorDefinition, type StartOptions, UsageError } from "../simulator.ts";
import { CloudBroker } from "./broker.ts";
import { Cloud } from "./cloud.ts";
import { cloudFaults } from "./faults.ts";
import { serve } from "./web.ts";

const tickMs = 100;

export const bambuCloud: SimulatorDefinition = {
  title: "Bambu Lab's cloud: account, printers, jobs, MQTT",
  ports: { main: 8080, mqtt: 8883 },
  scenarios: ["idle"],
  settings: {
    serial: { summary: "serial number of the printer that is bound to the account", default: "01P00A000000001" },
    uid: { summary: "number of the account", default: "1234567890" },
    token: { summary: "a token that is taken from the start; by default any", default: "" },
    "access-code": { summary: "the printer's access code, which the cloud tells too", default: "S3cr3tC0" },
  },
  start: startCloud,
};

async function startCloud(options: StartOptions): Promise<Simulator> {
  const { host, settings, journal } = options;
  await using stack = new AsyncDisposableStack();
  const cloud = new Cloud({
    journal,
    uid: wholeNumber("uid", settings["uid"] ?? "", 1, 2 ** 48),
    serial: settings["serial"] ?? "",
    accessCode: settings["access-code"] ?? "",
  });
  const token = cloud.giveToken(settings["token"] === "" ? undefined : settings["token"]);
  // Clients look for the name they connect to; the printers' certificates have nothing but a name.
  const identity = await createIdentity("localhost");
  const folder = await mkdtemp(join(tmpdir(), "gantry-bambu-cloud-"));
  stack.defer(async () => rm(folder, { recursive: true, force: true }));
  const ca = join(folder, "ca.pem");
  await writeFile(ca, identity.ca);
  const printer = await printerBehind(cloud, host, stack);
  const tls = serverTls(identity, { allowTls13: true });
  const broker = new CloudBroker(cloud, {
    ...addressOf(options, "mqtt"),
    tls,
    received: (client, packet) => requests.receive(client, packet),
  });
  const publish = (payload: Buffer): void => broker.publish(payload);
  const reporter = new Reporter(printer, publish);
  const requests = stack.use(new Requests(printer, reporter, { publish, revive: () => {} }));
  const http = stack.use(
    new TcpPort(
      httpServer(async (request, response) => serve(cloud, request, response)),
      addressOf(options, "main"),
    ),
  );
  stack.use(broker);
  await http.open();
  await broker.open();
  const ticking = setInterval(() => reporter.advance(tickMs / 1000), tickMs);
  stack.defer(() => clearInterval(ticking));
  return holding(stack, {
    ports: { main: http.number, mqtt: broker.tcp.number },
    facts: { serial: cloud.serial, token, uid: String(cloud.uid), access_code: cloud.accessCode, ca },
    control: {
      scenarios: bambuCloud.scenarios,
      faults: cloudFaults(cloud, broker),
      counters: () => ({ ...cloud.counters, commands: printer.counters.commands }),
      state: () => ({ online: cloud.knobs.online }),
      setScenario: () => {},
      powerCycle: async () => {
        await broker.close();
        await broker.open();
      },
      advance: (seconds) => cloud.advance(seconds),
    },
  });
}

/** A P1S that listens nowhere: what it says goes out through the cloud's broker. */
async function printerBehind(
  { serial, accessCode, journal }: Cloud,
  host: string,
  stack: AsyncDisposableStack,
): Promise<ReturnType<typeof createPrinter>> {
  const profile = profiles["p1s"];
  if (profile === undefined) throw new UsageError("there is no profile p1s");
  const card = stack.use(await Card.create());
  const authorization = new Authorization();
  const { firmware } = profile;
  return createPrinter({
    host,
    journal,
    profile,
    firmware,
    name: "Workshop P1S",
    serial,
    accessCode,
    authorization,
    card,
  });
}
