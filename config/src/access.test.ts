import assert from "node:assert/strict";
import { test } from "node:test";
import { bridgeKey } from "./access.ts";
import { inventoryJsonSchema } from "./json-schema.ts";
import { createSecrets } from "./secrets.ts";
import { testFamilies, testFolder } from "./testing.ts";

const long = "0123456789abcdef0123456789";
const printers = "printers: [{id: a, family: elegoo-cc1, connection: {host: a}}]\n";

test("without the block the cameras are open", async () => {
  await using folder = await testFolder();
  assert.equal((await folder.load("printers: []")).access, null);
});

test("one login, and tokens for all printers or for some", async () => {
  await using folder = await testFolder();
  const { access } = await folder.load(`${printers}access: {cameras: {username: home, password: "p@ssw0rd!"}}`);
  assert.deepEqual(access, { cameras: { username: "home", password: "p@ssw0rd!" }, tokens: [] });
  const some = await folder.load(`${printers}access: {tokens: [{name: frigate, token: ${long}, printers: [a]}]}`);
  assert.deepEqual(some.access, {
    cameras: undefined,
    tokens: [{ name: "frigate", token: long, printers: ["a"] }],
  });
});

test("the last token taken out leaves the cameras closed", async () => {
  await using folder = await testFolder();
  for (const text of ["access: {tokens: []}", "access: {tokens: }"]) {
    assert.deepEqual((await folder.load(text)).access, { cameras: undefined, tokens: [] }, text);
  }
});

test("a blank block is a fault, because it may mean either", async () => {
  await using folder = await testFolder();
  assert.match((await folder.faults("access: {}"))[0] ?? "", /give cameras or tokens under access/u);
  assert.notDeepEqual(await folder.faults("access:"), []);
});

test("secrets come from files and from the environment, also where connections stay opaque", async () => {
  await using folder = await testFolder();
  await folder.write("frigate.token", `${long}\n`);
  const text = `access:
  cameras: {username: home, password: "\${HOME_PASSWORD}"}
  tokens: [{name: frigate, token_file: frigate.token}]`;
  const loaded = await folder.load(text, { env: { HOME_PASSWORD: "secretword" }, families: undefined as never });
  assert.equal(loaded.access?.cameras?.password, "secretword");
  assert.equal(loaded.access?.tokens[0]?.token, long);
});

test("every secret is masked in the log", async () => {
  await using folder = await testFolder();
  const secrets = createSecrets();
  await folder.write("t", long);
  await folder.load(`access: {cameras: {username: home, password: secretword}, tokens: [{name: x, token_file: t}]}`, {
    secrets,
  });
  assert.equal(secrets.redact(`secretword ?token=${long}`), "[secret] ?token=[secret]");
});

test("tells what is wrong without showing a secret", async () => {
  await using folder = await testFolder();
  const faults = await folder.faults(`${printers}access:
  cameras: {username: any, password: short}
  tokens:
    - {name: b, token: tooshort}
    - {name: b, token: ${long}, printers: [nope]}
    - {name: c, token: ${long}, token_file: c}
    - {name: d, token_file: none}
    - {name: e, tokn: x}`);
  const text = faults.join("\n");
  for (const words of [
    /cameras\.username: this name is taken/u,
    /cameras\.password: must be 8 to 200/u,
    /tokens\[0\]\.token: must be 20 to 200/u,
    /tokens\[1\]\.name: this name is given twice/u,
    /tokens\[1\]\.printers\[0\]: no printer has the id "nope"/u,
    /tokens\[2\]\.token_file: token and token_file are both given/u,
    /tokens\[3\]\.token_file: the file none/u,
    /tokens\[4\]\.tokn: unknown key; did you mean token\?/u,
  ]) {
    assert.match(text, words);
  }
  assert.doesNotMatch(text, /tooshort|found text "short/u);
});

test("editors know the files", () => {
  const schema = JSON.stringify(inventoryJsonSchema(testFamilies));
  assert.match(schema, /"password_file"/u);
  assert.match(schema, /"token_file"/u);
});

test("the bridge's key changes with each secret, and is none of them", () => {
  const cameras = { username: "home", password: "secretword" };
  const tokens = [{ name: "x", token: long, printers: undefined }];
  const keys = [
    bridgeKey({ cameras, tokens }),
    bridgeKey({ cameras, tokens: [] }),
    bridgeKey({ cameras: undefined, tokens }),
    bridgeKey({ cameras: { ...cameras, password: "secretwort" }, tokens }),
  ];
  assert.equal(new Set(keys).size, keys.length);
  assert.equal(keys[0], bridgeKey({ cameras, tokens }));
  assert.doesNotMatch(keys.join(), new RegExp(`secretword|${long}`, "u"));
});
