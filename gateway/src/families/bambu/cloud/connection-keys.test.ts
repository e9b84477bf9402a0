import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { connection, demandLan } from "../connection.ts";
import { cloudSettings } from "./connection-keys.ts";

const token = "a-token-of-the-cloud";
const serial = "01P00A000000001";

function faults(more: object): readonly string[] {
  const { error } = connection.safeParse({ serial, ...more });
  return (error?.issues ?? []).map(({ path, message }) => `${path.join(".")}: ${message}`);
}

describe("the connection block with the cloud", () => {
  test("a printer is reached on its network, through the cloud, or both", () => {
    const lan = { host: "192.0.2.1", access_code: "12345678" };
    assert.deepEqual(faults(lan), []);
    assert.deepEqual(faults({ cloud_token: token }), []);
    assert.deepEqual(faults({ ...lan, cloud_cookie: `x=1; token=${token}` }), []);
    assert.match(faults({}).join(), /^host: give the printer's address; or cloud_token/u);
    assert.match(faults({ host: "192.0.2.1" }).join(), /^access_code: /u);
    assert.match(faults({ cloud_token: token, cloud_cookie: `token=${token}` }).join(), /^cloud_cookie: .*not both/u);
  });

  test("files and camera need its network", () => {
    const far = connection.parse({ serial, cloud_token: token });
    assert.throws(() => demandLan(far), /need the printer's own network/u);
  });

  test("addresses follow the region, and the token comes out of cookies too", () => {
    const of = (more: object) => cloudSettings(connection.parse({ serial, ...more }));
    assert.equal(cloudSettings(connection.parse({ serial, host: "a", access_code: "b" })), null);
    assert.deepEqual(of({ cloud_token: token }), {
      token,
      url: "https://api.bambulab.com",
      mqttHost: "us.mqtt.bambulab.com",
      mqttPort: 8883,
    });
    assert.equal(of({ cloud_token: token, cloud_region: "china" })?.url, "https://api.bambulab.cn");
    assert.equal(of({ cloud_cookie: `bbl_csrf_token=no; token=${token}; lang=en` })?.token, token);
  });

  test("a token never goes over the network in clear", () => {
    for (const url of ["http://api.example.test", "ftp://a.test", "nothing"]) {
      assert.match(faults({ cloud_token: token, cloud_url: url }).join(), /^cloud_url: expected an https URL/u);
    }
    for (const url of ["https://proxy.example.test/", "http://127.0.0.1:8080"]) {
      assert.deepEqual(faults({ cloud_token: token, cloud_url: url }), []);
    }
    assert.match(faults({ cloud_cookie: "bbl_csrf_token=abcdefghijk" }).join(), /^cloud_cookie: /u);
    assert.match(faults({ cloud_token: "two words here" }).join(), /^cloud_token: /u);
  });
});
