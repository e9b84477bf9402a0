import assert from "node:assert/strict";
import { chmod, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { emptyInventory, InventoryError, loadInventory } from "./load.ts";
import { testFamilies, testFolder } from "./testing.ts";

const defaults = {
  gateway: { allowedHosts: [], cameraGraceMs: 30_000 },
  bridge: {
    lingerMs: 15_000,
    maxFramesPerSecond: 15,
    maxStreams: 16,
    sub: { maxWidth: 640, maxFramesPerSecond: 5 },
    encoder: "x264",
    encoderDevice: "/dev/dri/renderD128",
    webrtc: false,
    webrtcHosts: [],
    hls: false,
    allowedOrigins: [],
    rtsps: null,
    remoteControl: false,
    recordings: { maxAgeMs: 604_800_000, maxBytes: 20_000_000_000, folder: undefined },
    timelapseFramesPerSecond: 30,
  },
  access: null,
};

test("a file with only printers is complete", async () => {
  await using folder = await testFolder();
  const inventory = await folder.load("printers:\n  - {id: cc1, family: elegoo-cc1, connection: {host: 192.0.2.10}}\n");
  assert.deepEqual(inventory, {
    printers: [
      {
        id: "cc1",
        name: "cc1",
        family: "elegoo-cc1",
        control: false,
        connection: { host: "192.0.2.10", port: 3030, http_port: 80, camera_port: 3031, discovery_port: 3000 },
        camera: { url: undefined, standby: false, sub: true, record: "off", timelapse: "off" },
      },
    ],
    ...defaults,
  });
});

test("an empty file and an empty list are an empty inventory", async () => {
  await using folder = await testFolder();
  for (const text of [
    "",
    "# nothing yet\n",
    "printers: []",
    "printers:\n",
    "printers:\ngateway:\nbridge:\n",
    "\uFEFF",
  ]) {
    assert.deepEqual(await folder.load(text), { printers: [], ...defaults }, JSON.stringify(text));
  }
});

test("takes every key", async () => {
  await using folder = await testFolder();
  const inventory = await folder.load(`
printers:
  - id: x1
    name: The big one
    family: bambu
    control: true
    connection: {host: bambu.lan, serial: 00M00A, access_code: "01234567", tls: pin}
    camera: false
  - {id: door, family: camera, camera: {url: "http://192.0.2.9/stream"}}
  - {id: blank, family: elegoo-cc1, connection: {host: "fe80::1%eth0"}, camera: }
gateway: {allowed_hosts: [Printers.example.org], camera_grace: 1m30s}
bridge:
  linger: 0s
  max_frames_per_second: 5
  webrtc: true
  webrtc_hosts: [192.0.2.5, "fd00::5", nas.lan]
  hls: true
  allowed_origins: ["http://homeassistant.local:8123", "https://[fd00::1]"]
  rtsps: {certificate_file: tls/cert.pem, key_file: tls/key.pem}
  remote_control: true
  recordings: {max_age: 2d, max_size: 500MB, folder: /mnt/prints}
  timelapse_frames_per_second: 25
`);
  assert.deepEqual(
    inventory.printers.map(({ id, name, control, camera }) => ({ id, name, control, camera })),
    [
      { id: "x1", name: "The big one", control: true, camera: null },
      {
        id: "door",
        name: "door",
        control: false,
        camera: { url: "http://192.0.2.9/stream", standby: false, sub: true, record: "off", timelapse: "off" },
      },
      {
        id: "blank",
        name: "blank",
        control: false,
        camera: { url: undefined, standby: false, sub: true, record: "off", timelapse: "off" },
      },
    ],
  );
  assert.equal(inventory.printers[1]?.connection, undefined);
  assert.deepEqual(inventory.gateway, { allowedHosts: ["printers.example.org"], cameraGraceMs: 90_000 });
  assert.deepEqual(inventory.bridge, {
    ...defaults.bridge,
    lingerMs: 0,
    maxFramesPerSecond: 5,
    webrtc: true,
    webrtcHosts: ["192.0.2.5", "fd00::5", "nas.lan"],
    hls: true,
    allowedOrigins: ["http://homeassistant.local:8123", "https://[fd00::1]"],
    rtsps: { certificateFile: "tls/cert.pem", keyFile: "tls/key.pem" },
    remoteControl: true,
    recordings: { maxAgeMs: 172_800_000, maxBytes: 500_000_000, folder: "/mnt/prints" },
    timelapseFramesPerSecond: 25,
  });
});

test("an inventory of nothing has the defaults of the file", async () => {
  assert.deepEqual(emptyInventory, { printers: [], ...defaults });
});

test("names and origins of the browser outputs are checked", async () => {
  await using folder = await testFolder();
  for (const text of ["webrtc_hosts: [http://a]", "allowed_origins: [homeassistant.local]", 'allowed_origins: ["*"]']) {
    assert.equal((await folder.faults(`bridge: {${text}}`)).length, 1, text);
  }
});

test("the result is frozen to its leaves", async () => {
  await using folder = await testFolder();
  const inventory = await folder.load("printers: [{id: a, family: elegoo-cc1, connection: {host: a}}]");
  const parts = [inventory, inventory.printers, inventory.printers[0], inventory.printers[0]?.connection];
  for (const part of [...parts, inventory.printers[0]?.camera, inventory.gateway.allowedHosts, inventory.bridge]) {
    assert.ok(Object.isFrozen(part));
  }
});

test("merge keys share a connection", async () => {
  await using folder = await testFolder();
  const inventory = await folder.load(`
printers:
  - {id: a, family: bambu, connection: &b {host: a, serial: s1, access_code: "1234", tls: pin}}
  - {id: b, family: bambu, connection: {<<: *b, host: b, serial: s2}}
`);
  assert.deepEqual(inventory.printers[1]?.connection, { host: "b", serial: "s2", access_code: "1234", tls: "pin" });
});

test("tells every fault at once, in the order of the file", async () => {
  await using folder = await testFolder();
  const faults = await folder.faults(`printers:
  - id: cc1
    family: elegoo-cc1
    connection:
      hots: 192.0.2.10
      port: 70000
  - id: Bad Id
    family: elego-cc1
  - family: bambu
    host: 192.0.2.11
    control: yes
    connection: {serial: s, access_code: 1234, tls: insecur}
    camera: {url: ftp://x}
  - id: cc1
    name: ""
    family: elegoo-cc1
    connection: {host: a, hosts: b, host: c}
brige: {}
bridge: {linger: 15, max_frames_per_second: 61}
gateway: {camera_grace: 2h, allowed_hosts: ["http://a"]}
`);
  assert.deepEqual(faults, [
    "printers.yaml:4:5 printers[0].connection.host: missing; expected text",
    "printers.yaml:5:7 printers[0].connection.hots: unknown key; did you mean host?",
    "printers.yaml:6:13 printers[0].connection.port: must be at most 65535, found 70000",
    'printers.yaml:7:9 printers[1].id: must be 1 to 32 of a-z, 0-9, _ and -, beginning with a letter or digit, found text "Bad Id"',
    "printers.yaml:8:13 printers[1].family: unknown family; did you mean elegoo-cc1? legal: elegoo-cc1, bambu, prusalink, camera",
    "printers.yaml:9:5 printers[2].id: missing; expected text",
    "printers.yaml:10:5 printers[2].host: unknown key; it belongs under connection",
    'printers.yaml:11:14 printers[2].control: expected true or false, found text "yes"',
    "printers.yaml:12:5 printers[2].connection.host: missing; expected text",
    "printers.yaml:12:42 printers[2].connection.access_code: expected text, found a number; put it in quotes",
    'printers.yaml:12:53 printers[2].connection.tls: expected one of verify, pin, insecure, found text "insecur"; did you mean insecure?',
    'printers.yaml:13:19 printers[2].camera.url: expected a URL that begins with http, https (JPEG pictures), rtsp or rtsps (H.264), found text "ftp://x"',
    "printers.yaml:14:9 printers[3].id: duplicate id; the printer at printers.yaml:2:9 has it too",
    'printers.yaml:15:11 printers[3].name: must be 1 to 100 characters on one line, found text ""',
    "printers.yaml:17:27 printers[3].connection.hosts: unknown key; did you mean host?",
    "printers.yaml:17:37 printers[3].connection.host: duplicate key; printers.yaml:17:18 has it too",
    "printers.yaml:18:1 brige: unknown key; did you mean bridge?",
    "printers.yaml:19:18 bridge.linger: expected a duration such as 10s, 1m30s or 200ms, found 15",
    "printers.yaml:19:45 bridge.max_frames_per_second: must be at most 60, found 61",
    'printers.yaml:20:25 gateway.camera_grace: must be 0s to 1h, found text "2h"',
    'printers.yaml:20:45 gateway.allowed_hosts[0]: expected a host name without scheme, port or path, found text "http://a"',
  ]);
});

test("tells what is no entry, no list and no mapping", async () => {
  await using folder = await testFolder();
  assert.deepEqual(await folder.faults("- id: a"), ["printers.yaml:1:1 expected a mapping of keys, found a list"]);
  assert.deepEqual(await folder.faults("printers: {id: a}"), [
    "printers.yaml:1:11 printers: expected a list, found a mapping",
  ]);
  assert.deepEqual(await folder.faults("printers:\n  - 5\n  -\ngateway: []"), [
    "printers.yaml:2:5 printers[0]: expected a mapping of keys, found 5",
    "printers.yaml:3:4 printers[1]: expected a mapping of keys, found nothing",
    "printers.yaml:4:10 gateway: expected a mapping of keys, found a list",
  ]);
  assert.deepEqual(await folder.faults("printers: [{id: a, family: elegoo-cc1, connection: x, camera: 7}]"), [
    'printers.yaml:1:52 printers[0].connection: expected a mapping of keys, found text "x"',
    "printers.yaml:1:63 printers[0].camera: expected false or a mapping of keys, found 7",
  ]);
});

test("an absent or blank connection is told by the keys it misses", async () => {
  await using folder = await testFolder();
  for (const blank of ["", "    connection:\n", "    connection: {}\n"]) {
    const faults = await folder.faults(`printers:\n  - id: a\n    family: elegoo-cc1\n${blank}`);
    assert.equal(faults.length, 1, blank);
    assert.match(faults[0]!, / printers\[0\]\.connection\.host: missing; expected text$/u);
  }
});

test("of alternatives, the one that comes nearest is told", async () => {
  await using folder = await testFolder();
  const faultsOf = async (connection: string) =>
    (await folder.faults(`printers: [{id: a, family: prusalink, connection: {${connection}}}]`)).map((fault) =>
      fault.slice(fault.indexOf(" ") + 1),
    );
  assert.deepEqual(await faultsOf('url: "http://a", username: maker, password: pass'), []);
  assert.deepEqual(await faultsOf('url: "http://a"'), ["printers[0].connection.api_key: missing; expected text"]);
  assert.deepEqual(await faultsOf('url: "http://a", username: maker, pasword: pass'), [
    "printers[0].connection.pasword: unknown key; did you mean password?",
  ]);
});

test("a family whose schema takes no connection needs camera.url and nothing else", async () => {
  await using folder = await testFolder();
  const missing = "camera.url: missing; the family camera shows the pictures of this URL";
  assert.deepEqual(await folder.faults("printers:\n  - {id: a, family: camera}\n"), [
    `printers.yaml:2:5 printers[0].${missing}`,
  ]);
  assert.deepEqual(await folder.faults("printers:\n  - {id: a, family: camera, camera: false}\n"), [
    `printers.yaml:2:29 printers[0].${missing}`,
  ]);
  assert.deepEqual(
    await folder.faults('printers: [{id: a, family: camera, connection: {host: a}, camera: {url: "http://a"}}]'),
    ["printers.yaml:1:48 printers[0].connection: expected nothing, found a mapping"],
  );
});

function entry(id: string): string {
  return `  - {id: ${id}, family: elegoo-cc1, connection: {host: a}}\n`;
}

test("an id must not be another printer's second stream", async () => {
  await using folder = await testFolder();
  assert.deepEqual(await folder.faults(`printers:\n${entry("a_sub")}${entry("a")}`), [
    "printers.yaml:2:10 printers[0].id: this id is the RTSP path of the second stream of the printer at printers.yaml:3:10",
  ]);
  assert.deepEqual(await folder.faults(`printers:\n${entry("a_sub")}${entry("b")}`), []);
});

test("names of the language itself are no families and no keys", async () => {
  await using folder = await testFolder();
  const faults = await folder.faults("printers: [{id: a, family: constructor, toString: 1}]\nhasOwnProperty: 1");
  assert.equal(faults.length, 3);
  assert.match(faults[0]!, /unknown family/u);
});

test("without families a connection stays as it stands, and no family is unknown", async () => {
  await using folder = await testFolder();
  const text = `
printers:
  - id: a
    family: of-tomorrow
    connection: {host: a, nested: {key: "\${UNSET}"}, code_file: /nowhere}
    camera: {url: "http://user:\${UNSET}@cam/"}
`;
  await folder.write("printers.yaml", text);
  const { printers } = await loadInventory({ file: folder.file, env: {} });
  assert.deepEqual(printers[0], {
    id: "a",
    name: "a",
    family: "of-tomorrow",
    control: false,
    connection: { host: "a", nested: { key: "${UNSET}" }, code_file: "/nowhere" },
    camera: { url: "http://user:${UNSET}@cam/", standby: false, sub: true, record: "off", timelapse: "off" },
  });
});

test("a schema's own message goes before ours", async () => {
  await using folder = await testFolder();
  const families = { ...testFamilies, camera: testFamilies.bambu.refine(() => false, { error: "not on a Monday" }) };
  const faults = await folder.faults(
    'printers: [{id: a, family: camera, connection: {host: a, serial: s, access_code: "1234"}}]',
    { families },
  );
  assert.deepEqual(faults, ["printers.yaml:1:48 printers[0].connection: not on a Monday"]);
});

test("of very many faults the first hundred are listed", async () => {
  await using folder = await testFolder();
  const faults = await folder.faults(Array.from({ length: 250 }, (_, i) => `key${i}: 1`).join("\n"));
  assert.equal(faults.length, 101);
  assert.match(faults[100]!, /^printers\.yaml:101:1 and 150 more faults$/u);
});

async function told(file: string): Promise<string> {
  return loadInventory({ file, env: {} }).then(
    () => assert.fail("it was read"),
    (error: unknown) => {
      assert.ok(error instanceof InventoryError);
      return error.message;
    },
  );
}

test("tells a file that is too large, not UTF-8, a directory, unreadable or not there", async () => {
  await using folder = await testFolder();
  assert.deepEqual(await folder.faults(`# ${"x".repeat(1024 * 1024)}`), [
    "printers.yaml:1:1 the file is larger than 1024 KiB",
  ]);
  assert.deepEqual(await folder.faults(Buffer.from("# eins\nname: B\xfcro\n", "latin1")), [
    "printers.yaml:2:1 the file is not UTF-8 text; save it as UTF-8",
  ]);
  assert.equal((await folder.faults(Buffer.from("\uFEFFprinters: []", "utf16le"))).length, 1);
  await mkdir(join(folder.folder, "dir.yaml"));
  assert.match(await told(join(folder.folder, "dir.yaml")), /^dir\.yaml:1:1 the file is a directory, not a file/u);
  assert.equal(await told(join(folder.folder, "no.yaml")), "no.yaml:1:1 the file does not exist");
  assert.match(await told("/dev/null"), /is not a regular file$/u);
  await chmod(folder.file, 0o000);
  // The superuser reads it all the same.
  if (process.getuid?.() !== 0) assert.match(await told(folder.file), /must not be read by user \d+/u);
});

test("a camera's H.264 is taken by RTSP, and its certificate in either spelling", async () => {
  await using folder = await testFolder();
  const hex = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
  const colons = hex.toUpperCase().replaceAll(/(..)(?!$)/gu, "$1:");
  const { printers } = await folder.load(`printers:
  - {id: a, family: camera, camera: {url: "rtsp://cam/live"}}
  - {id: b, family: camera, camera: {url: "rtsps://cam/live", certificate_sha256: "${colons}"}}`);
  assert.equal(printers[0]?.camera?.url, "rtsp://cam/live");
  assert.equal(printers[1]?.camera?.certificateSha256, hex);
  assert.match(
    (
      await folder.faults(`printers:
  - {id: a, family: camera, camera: {url: "rtsps://cam/live", certificate_sha256: abc}}`)
    )[0] ?? "",
    /64 hex digits/u,
  );
});
