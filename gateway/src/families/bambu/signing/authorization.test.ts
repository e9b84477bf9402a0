import assert from "node:assert/strict";
import { verify, X509Certificate } from "node:crypto";
import { describe, test } from "node:test";
import { authorizationMemory, createAuthorization, type AuthorizationMemory } from "./authorization.ts";
import type { Authorization, Body, Reply } from "../printer-link.ts";
import { ownPair, printerPair } from "./signing-bench.ts";
import { createSigner, type Signer, type SignatureHeader } from "./signing.ts";

const locked = "3EC1AFFF9CFF";
const unlocked = "3EC18FFF9CFF";
const failedVerification = { hms: [{ attr: 83_887_360, code: 65_543 }] };
const pause = { sequence_id: "20007", command: "pause", param: "" };
const { keyPem, certificatePem } = ownPair;
const signer = createSigner({ keyPem, certificatePem });

function reply(result: Reply["result"], errorCode: number | null = null): Reply {
  return { result, reason: null, errorCode, body: {} };
}

interface Made {
  readonly signer?: Signer;
  readonly memory?: AuthorizationMemory;
  readonly firmware?: () => string | null;
}

function make({ signer, memory = authorizationMemory(), firmware = () => "01.08.02.00" }: Made = {}): Authorization {
  return createAuthorization({ signer: signer ?? null, memory, firmware });
}

describe("what is known of the printer", () => {
  test("is what bit 29 of `fun` says, beyond 32 bits too", () => {
    const authorization = make();
    assert.equal(authorization.access, "unknown");
    authorization.sawReport({ fun: locked });
    assert.equal(authorization.access, "locked");
    authorization.sawReport({ fun: unlocked });
    assert.equal(authorization.access, "open");
    authorization.sawReport({ fun: `FFFFFFFF${unlocked}` });
    assert.equal(authorization.access, "open");
  });

  test("is nothing from a field that is no number", () => {
    const authorization = make();
    for (const fun of ["", "xyz", 12, null, undefined]) authorization.sawReport({ fun });
    assert.equal(authorization.access, "unknown");
  });

  test("is open once an unsigned command was done", () => {
    const authorization = make();
    authorization.sawReply("system", "ledctrl", reply("success"));
    authorization.sawReply("print", "extrusion_cali_get", reply("success"));
    authorization.sawReply("print", "pause", reply(null));
    authorization.sawReply("print", "pause", undefined);
    assert.equal(authorization.access, "unknown");
    authorization.sawReply("print", "pause", reply("success"));
    assert.equal(authorization.access, "open");
  });

  for (const code of [84_033_543, 84_033_545]) {
    test(`is locked once it refused with ${code}`, () => {
      const authorization = make();
      authorization.sawReply("print", "pause", reply("fail", code));
      assert.equal(authorization.access, "locked");
    });
  }

  test("is locked once an echo without a result had no effect", () => {
    const authorization = make();
    authorization.sawNoEffect("print", "pause");
    assert.equal(authorization.access, "locked");
  });

  test("is locked once its screen says that it could not verify a command", () => {
    const authorization = make();
    authorization.sawReport(failedVerification);
    authorization.sawReport({ hms: [] });
    assert.equal(authorization.access, "locked");
  });

  test("is not locked by that message where `fun` says that it is open", () => {
    const authorization = make();
    authorization.sawReport({ ...failedVerification, fun: unlocked });
    assert.equal(authorization.access, "open");
  });

  test("is not changed by other refusals", () => {
    const authorization = make();
    authorization.sawReply("print", "pause", reply("fail", 5));
    authorization.sawReply("print", "pause", reply("fail"));
    assert.equal(authorization.access, "unknown");
  });
});

const refusing = (): AuthorizationMemory => {
  const memory = authorizationMemory();
  make({ memory }).sawReply("print", "pause", reply("fail", 84_033_543));
  return memory;
};

describe("a printer that has refused", () => {
  test("stays locked after a reconnect, also before it tells its firmware", () => {
    const memory = refusing();
    assert.equal(make({ memory }).access, "locked");
    assert.equal(make({ memory, firmware: () => null }).access, "locked");
  });

  test("is unknown again with another firmware", () => {
    assert.equal(make({ memory: refusing(), firmware: () => "01.09.00.00" }).access, "unknown");
  });

  test("is believed when its own word changes", () => {
    const authorization = make({ memory: refusing() });
    authorization.sawReport({ fun: unlocked });
    assert.equal(authorization.access, "open");
  });
});

describe("what goes out to a locked printer", () => {
  const authorization = make();
  authorization.sawReport({ fun: locked });

  test("is no command that it would refuse; what to switch on is told", () => {
    for (const command of ["pause", "project_file", "gcode_line", "print_option", "ams_change_filament"])
      assert.throws(() => authorization.envelope("print", { command }), {
        code: "forbidden",
        message: /Developer Mode/u,
      });
  });

  test("is what it takes unsigned", () => {
    const free = [
      ["pushing", "pushall"],
      ["info", "get_version"],
      ["system", "ledctrl"],
      ["print", "extrusion_cali_get"],
      ["camera", "ipcam_timelapse"],
      ["xcam", "xcam_control_set"],
    ] as const;
    for (const [type, command] of free)
      assert.deepEqual(authorization.envelope(type, { command }), { [type]: { command } });
  });
});

describe("with the operator's key", () => {
  test("every command of the type print is signed, and verifies", () => {
    const authorization = make({ signer });
    authorization.sawReport({ fun: locked });
    assert.equal(authorization.access, "signed");
    const message = authorization.envelope("print", pause);
    const header = message["header"] as SignatureHeader;
    const bytes = JSON.stringify({ print: message["print"] });
    assert.equal(bytes, '{"print":{"command":"pause","param":"","sequence_id":"20007"}}');
    const key = new X509Certificate(certificatePem).publicKey;
    assert.ok(verify("RSA-SHA256", Buffer.from(bytes), key, Buffer.from(header.sign_string, "base64")));
    assert.equal(header.payload_len, bytes.length);
    assert.ok(!("header" in authorization.envelope("system", { command: "ledctrl" })));
  });

  test("a printer that does not tell gets signed commands, an open one does not", () => {
    const authorization = make({ signer });
    assert.ok("header" in authorization.envelope("print", pause));
    authorization.sawReport({ fun: unlocked });
    assert.deepEqual(authorization.envelope("print", pause), { print: pause });
  });

  test("an unsigned command of somebody else locks nothing", () => {
    const authorization = make({ signer });
    authorization.sawReport(failedVerification);
    assert.equal(authorization.access, "signed");
  });

  test("a refused signature ends it: nothing more goes out, and the files are named", () => {
    const authorization = make({ signer });
    authorization.sawReply("print", "pause", reply("fail", 84_033_543));
    assert.equal(authorization.access, "locked");
    assert.throws(() => authorization.envelope("print", pause), { code: "forbidden", message: /signing_certificate/u });
  });

  test("a refusal of an unsigned one from before the key does not", () => {
    const memory = authorizationMemory();
    make({ memory }).sawReply("print", "pause", reply("fail", 84_033_543));
    assert.equal(make({ memory, signer }).access, "signed");
  });

  test("G-code is not sent without the printer's key, and encrypted with it", () => {
    const line = { sequence_id: "20008", command: "gcode_line", param: "G28\n" };
    assert.throws(() => make({ signer }).envelope("print", line), {
      code: "forbidden",
      message: /not supported while/u,
    });
    const full = createSigner({ keyPem, certificatePem, printerKeyPem: printerPair.certificatePem });
    const inner = make({ signer: full }).envelope("print", line)["print"] as Body;
    assert.equal(inner["param"], undefined);
    assert.equal(Buffer.from(String(inner["param_enc"]), "base64").length, 256);
  });
});
