import assert from "node:assert/strict";
import { test } from "node:test";
import { emptyInventory, type CameraEntry, type Inventory, type PrinterEntry } from "@gantry/config";
import { planStreams } from "./plan.ts";

const camera: CameraEntry = { url: undefined, standby: false, sub: true, record: "off", timelapse: "off" };

function printer(id: string, more: Partial<PrinterEntry> = {}): PrinterEntry {
  return {
    id,
    name: `Printer ${id}`,
    family: "elegoo-cc1",
    control: false,
    connection: {},
    camera,
    ...more,
  };
}

function inventory(...printers: PrinterEntry[]): Inventory {
  return { ...emptyInventory, printers };
}

void test("every printer with a camera gets a stream under its own id", () => {
  assert.deepEqual(planStreams(inventory(printer("cc1"), printer("shed_2")), "http://gateway:8787"), [
    {
      id: "cc1",
      name: "Printer cc1",
      sourceUrl: "http://gateway:8787/api/v1/printers/cc1/camera.mjpeg?viewer=rtsp",
      video: { kind: "gateway", askUrl: "http://gateway:8787/api/v1/printers/cc1/camera", connection: {} },
      maxFramesPerSecond: 15,
      standby: false,
      sub: { maxWidth: 640, maxFramesPerSecond: 5 },
    },
    {
      id: "shed_2",
      name: "Printer shed_2",
      sourceUrl: "http://gateway:8787/api/v1/printers/shed_2/camera.mjpeg?viewer=rtsp",
      video: { kind: "gateway", askUrl: "http://gateway:8787/api/v1/printers/shed_2/camera", connection: {} },
      maxFramesPerSecond: 15,
      standby: false,
      sub: { maxWidth: 640, maxFramesPerSecond: 5 },
    },
  ]);
});

void test("a camera that is switched off gets none", () => {
  assert.deepEqual(planStreams(inventory(printer("cc1", { camera: null })), "http://gateway:8787"), []);
});

void test("a camera with an address of its own is still read through the gateway", () => {
  const [plan] = planStreams(
    inventory(
      printer("cam", {
        camera: { url: "http://192.0.2.9/video", standby: true, sub: true, record: "off", timelapse: "off" },
      }),
    ),
    "http://g:1",
  );
  assert.equal(plan?.sourceUrl, "http://g:1/api/v1/printers/cam/camera.mjpeg?viewer=rtsp");
  assert.equal(plan.standby, true);
});

void test("a gateway below a path keeps its path, with or without a slash at its end", () => {
  for (const url of ["http://lab.lan/gantry", "http://lab.lan/gantry/"]) {
    const [plan] = planStreams(inventory(printer("cc1")), url);
    assert.equal(plan?.sourceUrl, "http://lab.lan/gantry/api/v1/printers/cc1/camera.mjpeg?viewer=rtsp");
  }
});

void test("the same inventory gives equal plans", () => {
  const one = planStreams(inventory(printer("cc1")), "http://g:1");
  assert.deepEqual(one, planStreams(inventory(printer("cc1")), "http://g:1"));
});
