import assert from "node:assert/strict";
import { test } from "node:test";
import { readEnvironment, SettingsError, type Environment } from "./environment.ts";

const read = (env: Environment) =>
  readEnvironment(env, ({ text, optionalText, port, httpUrl, logLevel }) => ({
    folder: text("FOLDER", "data"),
    program: optionalText("PROGRAM"),
    port: port("PORT", 80),
    url: httpUrl("URL", "http://127.0.0.1:1"),
    level: logLevel("LEVEL", "info"),
  }));

const usual = { folder: "data", program: undefined, port: 80, url: "http://127.0.0.1:1/", level: "info" };

void test("what is not set, or empty, is the usual", () => {
  assert.deepEqual(read({}), usual);
  assert.deepEqual(read({ FOLDER: "", PROGRAM: "", PORT: "", URL: "", LEVEL: "" }), usual);
});

void test("what is set is taken", () => {
  const env = { FOLDER: "there", PROGRAM: "/bin/true", PORT: "0", URL: "https://there/below", LEVEL: "debug" };
  const settings = { folder: "there", program: "/bin/true", port: 0, url: "https://there/below", level: "debug" };
  assert.deepEqual(read(env), settings);
});

void test("every fault is told, each with its variable and what is legal", () => {
  assert.throws(
    () => read({ PORT: "85540", URL: "gateway:8787", LEVEL: "loud" }),
    (error) => {
      assert.ok(error instanceof SettingsError);
      assert.deepEqual(error.faults, [
        'PORT: "85540" is not a port (0…65535; 0 takes any free one)',
        'URL: "gateway:8787" is not an http:// or https:// address',
        'LEVEL: "loud" is not one of error, warn, info, debug',
      ]);
      assert.equal(error.message, error.faults.join("\n"));
      return true;
    },
  );
});

void test("only a whole port and a plain base address will do", () => {
  for (const port of ["-1", "80.5", "8e3", "0x50", " 80", "port"]) assert.throws(() => read({ PORT: port }), port);
  for (const url of ["ftp://x", "http://", "http://x/?y", "http://x/#y", "x"])
    assert.throws(() => read({ URL: url }), url);
});
