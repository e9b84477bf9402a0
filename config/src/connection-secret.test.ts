import assert from "node:assert/strict";
import { test } from "node:test";
import { connectionSecret } from "./connection-secret.ts";
import { testFolder } from "./testing.ts";

test("a secret is found as it stands, by reference, and in a file beside the inventory", async () => {
  await using folder = await testFolder();
  await folder.write("code", "from-a-file\n");
  const options = { file: folder.file, env: { CODE: "from-env" } };
  const of = async (connection: unknown): Promise<string> => connectionSecret(connection, "access_code", options);
  assert.equal(await of({ access_code: "plain" }), "plain");
  assert.equal(await of({ access_code: "${CODE}" }), "from-env");
  assert.equal(await of({ access_code_file: "code" }), "from-a-file");
});

test("what is missing is told by name, and never by value", async () => {
  await using folder = await testFolder();
  const options = { file: folder.file, env: {} };
  const fault = async (connection: unknown): Promise<string> =>
    connectionSecret(connection, "access_code", options).then(
      () => assert.fail("a secret was found"),
      (error: Error) => error.message,
    );
  assert.equal(await fault(undefined), "connection.access_code is not in the inventory");
  assert.equal(
    await fault({ access_code: "hunter2${CODE}" }),
    "the environment variable CODE is not set, nor is CODE_FILE",
  );
  assert.match(await fault({ access_code_file: "none" }), /^the file of connection\.access_code_file does not exist/u);
});
