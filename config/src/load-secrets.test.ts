import assert from "node:assert/strict";
import { test } from "node:test";
import { loadInventory } from "./load.ts";
import { createSecrets } from "./secrets.ts";
import { testFolder } from "./testing.ts";

const bambu = (keys: string) => `printers: [{id: a, family: bambu, connection: {host: a, serial: s, ${keys}}}]`;

function connectionOf(inventory: { printers: readonly { connection: unknown }[] }): Record<string, unknown> {
  return inventory.printers[0]?.connection as Record<string, unknown>;
}

test("replaces references in any text", async () => {
  await using folder = await testFolder();
  const env = { HOST: "192.0.2.7", PART: "lan", NAME: "Büro", EMPTY: "" };
  const { printers } = await folder.load(
    'printers: [{id: "a-${PART}", name: "${NAME} ${N:-two words}${EMPTY:-}", family: elegoo-cc1, connection: {host: "${HOST}"}}]',
    { env },
  );
  assert.equal(printers[0]?.id, "a-lan");
  assert.equal(printers[0]?.name, "Büro two words");
  assert.equal(connectionOf({ printers })["host"], "192.0.2.7");
});

test("$$ is a dollar sign, and a dollar sign before anything else is itself", async () => {
  await using folder = await testFolder();
  const { printers } = await folder.load(bambu("access_code: '$${X} a$b $1 $'"));
  assert.equal(connectionOf({ printers })["access_code"], "${X} a$b $1 $");
});

test("a reference stands for a number or a boolean where one is wanted", async () => {
  await using folder = await testFolder();
  const env = { PORT: "4040", ON: "true", CODE: "01234567", FPS: "5\n", CAM: "false", WAIT: "2s" };
  const { printers, bridge } = await folder.load(
    `printers:
  - {id: a, family: elegoo-cc1, control: "\${ON}", connection: {host: a, port: "\${PORT}"}, camera: "\${CAM}"}
  - {id: b, family: bambu, connection: {host: a, serial: s, access_code: "\${CODE}"}}
bridge: {max_frames_per_second: "\${FPS}", linger: "\${WAIT}"}`,
    { env },
  );
  assert.equal(printers[0]?.control, true);
  assert.equal(printers[0]?.camera, null);
  assert.equal(connectionOf({ printers })["port"], 4040);
  assert.deepEqual(printers[1]?.connection, { host: "a", serial: "s", access_code: "01234567", tls: "verify" });
  assert.partialDeepStrictEqual(bridge, { lingerMs: 2000, maxFramesPerSecond: 5, maxStreams: 16 });
  assert.deepEqual(await folder.faults('bridge: {max_frames_per_second: "${FPS}"}', { env: { FPS: "many" } }), [
    "printers.yaml:1:33 bridge.max_frames_per_second: expected a number, found text",
  ]);
});

test("tells variables that are not set, at the place of the reference and only once", async () => {
  await using folder = await testFolder();
  const unset = "the environment variable CODE is not set, nor is CODE_FILE";
  for (const env of [{}, { CODE: "" }, { CODE: undefined }]) {
    assert.deepEqual(await folder.faults(bambu('access_code: "${CODE}"'), { env }), [
      `printers.yaml:1:81 printers[0].connection.access_code: ${unset}`,
    ]);
  }
});

test("tells references that are not written right", async () => {
  await using folder = await testFolder();
  for (const text of ["${", "${}", "${A B}", "${1A}", "${A-b}", "${A:-b"]) {
    assert.deepEqual(await folder.faults(bambu(`access_code: '${text}'`)), [
      "printers.yaml:1:81 printers[0].connection.access_code: a reference is written ${NAME} or ${NAME:-default}, and a plain ${ is written $${",
    ]);
  }
});

test("reads NAME_FILE beside NAME, less the line end", async () => {
  await using folder = await testFolder();
  const env = { CODE_FILE: await folder.write("code", "s3cret word\r\n") };
  const inventory = await folder.load(bambu('access_code: "${CODE}"'), { env });
  assert.equal(connectionOf(inventory)["access_code"], "s3cret word");
  const both = await folder.faults(bambu('access_code: "${CODE}"'), { env: { ...env, CODE: "other" } });
  assert.match(both[0]!, /the environment variables CODE and CODE_FILE are both set; keep one$/u);
  const missing = await folder.faults(bambu('access_code: "${CODE}"'), { env: { CODE_FILE: "/nowhere/code" } });
  assert.match(missing[0]!, /access_code: the file named by CODE_FILE does not exist$/u);
  assert.equal(missing.length, 1);
});

test("reads <key>_file from the inventory's folder, for secret keys only", async () => {
  await using folder = await testFolder();
  await folder.write("code.txt", "s3cret\n");
  const inventory = await folder.load(bambu("access_code_file: code.txt, tls_ca_file: ca.pem"));
  assert.deepEqual(inventory.printers[0]?.connection, {
    host: "a",
    serial: "s",
    access_code: "s3cret",
    tls: "verify",
    tls_ca_file: "ca.pem",
  });
  const absolute = await folder.load(bambu(`access_code_file: ${folder.folder}/code.txt`));
  assert.equal(connectionOf(absolute)["access_code"], "s3cret");
  assert.match((await folder.faults(bambu('access_code: "1234", host_file: x'))).join("\n"), /host_file: unknown key/u);
});

test("reads the secret of an alternative too", async () => {
  await using folder = await testFolder();
  await folder.write("key", "0123abcd\n");
  const text = 'printers: [{id: a, family: prusalink, connection: {url: "http://a", api_key_file: key}}]';
  assert.deepEqual((await folder.load(text)).printers[0]?.connection, { url: "http://a", api_key: "0123abcd" });
});

test("tells secret files that are given twice, empty, not there, no text, a directory", async () => {
  await using folder = await testFolder();
  await folder.write("empty", "\n");
  await folder.write("binary", new Uint8Array([0xff, 0xfe, 0x00]));
  await folder.write("large", "x".repeat(70_000));
  const faultOf = async (keys: string) => {
    const faults = await folder.faults(bambu(keys));
    assert.equal(faults.length, 1, faults.join("\n"));
    return faults[0]!.replace("printers.yaml:1:68 printers[0].connection.access_code_file: ", "");
  };
  assert.equal(await faultOf("access_code_file: empty"), "the file empty is empty");
  assert.equal(await faultOf("access_code_file: none"), "the file none does not exist");
  assert.equal(await faultOf("access_code_file: large"), "the file large is larger than 64 KiB");
  assert.equal(await faultOf("access_code_file: binary"), "the file binary is not UTF-8 text; save it as UTF-8");
  assert.match(await faultOf("access_code_file: ."), /^the file \. is a directory/u);
  assert.equal(await faultOf("access_code_file: 5"), "expected the path of a file");
  assert.equal(
    await faultOf('access_code_file: empty, access_code: "1234"'),
    "access_code and access_code_file are both given; keep one",
  );
});

test("every secret is learnt, and nothing else", async () => {
  await using folder = await testFolder();
  const secrets = createSecrets();
  await folder.write("code", "from-a-file\n");
  await folder.load(
    `printers:
  - {id: a, family: bambu, connection: {host: plain-host, serial: "\${SERIAL}", access_code: literal-code}}
  - {id: b, family: bambu, control: "\${ON}", connection: {host: b, serial: s, access_code_file: code}}
  - {id: c, family: camera, camera: {url: "http://me:in%20url@cam/"}}`,
    { secrets, env: { SERIAL: "from-env", ON: "true" } },
  );
  assert.equal(
    secrets.redact("from-env literal-code from-a-file in%20url in url plain-host true verify code"),
    "[secret] [secret] [secret] [secret] [secret] plain-host true verify code",
  );
});

test("no fault shows a secret", async () => {
  await using folder = await testFolder();
  const env = { PORT: "hunter2-port", NAME: `hunter2-name\n`, URL: "ftp://hunter2" };
  await folder.write("code", "hunter2-file");
  const faults = await folder.faults(
    `printers:
  - {id: a, name: "\${NAME}", family: elegoo-cc1, connection: {host: a, port: "\${PORT}"}, camera: {url: "\${URL}"}}
  - {id: b, family: bambu, connection: {host: 5, serial: s, access_code: [hunter2-list]}}
  - {id: c, family: bambu, connection: {host: 5, serial: s, access_code_file: code, tls: x}}
  - {id: d, family: bamboo, connection: {host: 5, serial: s, access_code: hunter2-code, acces_code: hunter2-typo}}
  - {id: e, family: camera, camera: {url: "ftp://me:hunter2@cam"}}
  - {id: f, family: prusalink, connection: {url: "me:hunter2@printer", api_key: {hunter2: x}}}
`,
    { env },
  );
  assert.ok(faults.length >= 8, faults.join("\n"));
  assert.doesNotMatch(faults.join("\n"), /hunter2/u);
});

test("without schemas a camera's address is filled in where it can be, and left as it stands where not", async () => {
  await using folder = await testFolder();
  const secrets = createSecrets();
  const file = await folder.write(
    "printers.yaml",
    `printers:
  - {id: a, family: camera, camera: {url: "rtsp://me:\${CAM_PASSWORD}@cam/live"}}
  - {id: b, family: camera, camera: {url: "rtsp://me:\${OTHER_PASSWORD}@cam/live"}}`,
  );
  const { printers } = await loadInventory({ file, env: { CAM_PASSWORD: "p4ssword" }, secrets });
  assert.deepEqual(
    printers.map(({ camera }) => camera?.url),
    ["rtsp://me:p4ssword@cam/live", "rtsp://me:${OTHER_PASSWORD}@cam/live"],
  );
  assert.equal(secrets.redact("p4ssword"), "[secret]");
});
