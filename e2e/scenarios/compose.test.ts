// The stack as users run it in containers. Needs a Docker Engine; `make e2e-compose` runs it. A
// project name, an image tag, ports and a config folder of its own keep it off a stack that runs here.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { listen } from "@gantry/platform/http-server";
import { until } from "./harness/until.ts";
import { Viewer } from "./harness/viewer.ts";

const root = resolve(import.meta.dirname, "../..");
const services = ["gateway", "rtsp-bridge", "demo-printers"] as const;
let folder = "";
let gateway = "";
let bridge = "";
let rtsp = "";
let env: NodeJS.ProcessEnv = {};

before(
  async () => {
    folder = await mkdtemp(join(tmpdir(), "compose-"));
    await mkdir(join(folder, "config"), { mode: 0o755 });
    const mount = { volumes: [`${folder}/config:/config:ro`] };
    await writeFile(
      join(folder, "override.json"),
      JSON.stringify({ services: { gateway: mount, "rtsp-bridge": mount } }),
    );
    const [http, bridgeHttp, rtspPort] = await Promise.all([freePort(), freePort(), freePort()]);
    env = {
      ...process.env,
      GANTRY_TAG: "e2e",
      PUID: "1000",
      PGID: "1000",
      GANTRY_HTTP_PORT: String(http),
      GANTRY_BRIDGE_HTTP_PORT: String(bridgeHttp),
      GANTRY_RTSP_PORT: String(rtspPort),
    };
    gateway = `http://127.0.0.1:${http}`;
    bridge = `http://127.0.0.1:${bridgeHttp}`;
    rtsp = `rtsp://127.0.0.1:${rtspPort}`;
    await compose("--profile", "demo", "build");
  },
  { timeout: 1_200_000 },
);

after(
  async () => {
    await compose("--profile", "demo", "down", "--volumes", "--remove-orphans");
    await rm(folder, { recursive: true });
  },
  { timeout: 120_000 },
);

test("without an inventory the stack is healthy and empty", { timeout: 240_000 }, async () => {
  await compose("up", "--detach", "--wait");
  assert.deepEqual(await json(`${gateway}/api/v1/printers`), { items: [] });
  assert.deepEqual(await json(`${bridge}/api/v1/streams`), { items: [] });
  await compose("down");
});

test("the profile demo shows simulated printers and their cameras", { timeout: 300_000 }, async (t) => {
  await compose("--profile", "demo", "up", "--detach", "--wait");

  await t.test("printers are connected and have a picture", async () => {
    await until("cc1 is printing", async () => (await printer("cc1")).state.phase === "printing");
    const response = await fetch(`${gateway}/api/v1/printers/cc1/snapshot.jpg`);
    assert.deepEqual([response.status, response.headers.get("content-type")], [200, "image/jpeg"]);
  });

  await t.test("the camera is live over RTSP", async () => {
    await using viewer = new Viewer(`${rtsp}/cc1`);
    await viewer.showsLive(5, 0, 60_000);
  });

  await t.test("every container is without root, rights and a writable root", async () => {
    for (const service of services) {
      const { Config, HostConfig } = await inspect(service);
      assert.equal(Config.User, "1000:1000");
      assert.equal(HostConfig.ReadonlyRootfs, true);
      assert.deepEqual(HostConfig.CapDrop, ["ALL"]);
      assert.ok(HostConfig.SecurityOpt.includes("no-new-privileges:true"));
      assert.ok(HostConfig.Memory > 0 && HostConfig.NanoCpus > 0);
    }
  });

  await t.test(
    "recordings are in the bridge's volume, its disk is measured, and the gateway hands them on",
    async () => {
      const demo = await compose("exec", "-T", "rtsp-bridge", "cat", "/demo/printers.yaml");
      const entry = /^ {2}- (\{"id":"cc1",.*\})$/mu.exec(demo)?.[1] ?? assert.fail(demo);
      const recorded = { ...(JSON.parse(entry) as object), camera: { record: "always" } };
      await writeFile(join(folder, "config/printers.yaml"), `printers:\n  - ${JSON.stringify(recorded)}\n`);
      await compose("--profile", "demo", "restart", "gateway", "rtsp-bridge");
      const [item] = await until(
        "a recording grows",
        async () => {
          const items = (await recordings()).filter(isGrown);
          return items.length > 0 && items;
        },
        90_000,
      );
      const file = `${gateway}/api/v1/printers/cc1/recordings/${item?.id}`;
      const part = await fetch(file, { headers: { Range: "bytes=4-7" } });
      assert.deepEqual([part.status, await part.text()], [206, "ftyp"]);
      const owners = await compose("exec", "-T", "rtsp-bridge", "sh", "-c", "stat -c %u:%g /data/recordings/cc1/*");
      assert.match(owners, /^(?:1000:1000\s+)+$/u);
      const { Mounts } = await inspect("rtsp-bridge");
      const mount = Mounts.find(({ Destination }) => Destination === "/data");
      assert.match(`${mount?.Type} ${mount?.Name}`, /^volume .*_bridge-data$/u);
      const metrics = await (await fetch(`${bridge}/metrics`)).text();
      const told = Number(/^gantry_bridge_disk_free_bytes (\S+)$/mu.exec(metrics)?.[1]);
      const free = await compose("exec", "-T", "rtsp-bridge", "df", "-B1", "--output=avail", "/data");
      // Others write on that disk, too.
      assert.ok(Math.abs(told - Number(free.split("\n")[1])) < 1e9, `${told} bytes, but df says ${free}`);
    },
  );

  await t.test("an inventory of the user's own wins over the demo", async () => {
    const entry = "printers: [{id: mine, family: elegoo-cc1, connection: {host: 192.0.2.10}}]\n";
    await writeFile(join(folder, "config/printers.yaml"), entry);
    await compose("--profile", "demo", "restart", "gateway", "rtsp-bridge");
    await until("the user's printer is there", async () => (await ids())[0] === "mine", 60_000);
    assert.deepEqual(await ids(), ["mine"]);
  });
});

interface Inspected {
  readonly Config: { readonly User: string };
  readonly HostConfig: {
    readonly ReadonlyRootfs: boolean;
    readonly CapDrop: readonly string[];
    readonly SecurityOpt: readonly string[];
    readonly Memory: number;
    readonly NanoCpus: number;
  };
  readonly Mounts: readonly { readonly Type: string; readonly Name?: string; readonly Destination: string }[];
}

async function inspect(service: string): Promise<Inspected> {
  const id = (await compose("ps", "--quiet", service)).trim();
  const { stdout } = await promisify(execFile)("docker", ["inspect", id]);
  const [found] = JSON.parse(stdout) as [Inspected];
  return found;
}

async function compose(...args: readonly string[]): Promise<string> {
  const files = ["--file", join(root, "compose.yaml"), "--file", join(folder, "override.json")];
  const project = ["--project-name", `gantry-e2e-${process.pid}`, "--project-directory", root];
  const { stdout } = await promisify(execFile)("docker", ["compose", ...project, ...files, ...args], {
    cwd: root,
    env,
  });
  return stdout;
}

async function freePort(): Promise<number> {
  await using server = await listen(() => undefined, { host: "0.0.0.0", port: 0 });
  return server.port;
}

async function json(url: string): Promise<unknown> {
  const response = await fetch(url, { signal: AbortSignal.timeout(10_000) });
  return response.json();
}

async function printer(id: string): Promise<{ readonly state: { readonly phase: string } }> {
  return (await json(`${gateway}/api/v1/printers/${id}`)) as { state: { phase: string } };
}

interface Recording {
  readonly id: string;
  readonly sizeBytes: number;
}

async function recordings(): Promise<readonly Recording[]> {
  const { items } = (await json(`${gateway}/api/v1/printers/cc1/recordings`)) as { items: readonly Recording[] };
  return items;
}

const isGrown = ({ sizeBytes }: Recording): boolean => sizeBytes > 10_000;

async function ids(): Promise<readonly string[]> {
  const { items } = (await json(`${gateway}/api/v1/printers`)) as { items: readonly { id: string }[] };
  return items.map(({ id }) => id);
}
