import assert from "node:assert/strict";
import { test } from "node:test";
import { clusterHead, matroskaHeader } from "./matroska.ts";

test("the header describes one MJPEG track in 32nds of a millisecond without a default duration", () => {
  assert.equal(
    matroskaHeader({ width: 640, height: 360 }).toString("hex"),
    [
      "1a45dfa3a34286810142f7810142f2810442f381084282886d6174726f736b614287810442858102",
      "1853806701ffffffffffffff",
      "1549a966982ad7b1827a124d808667616e74727957418667616e747279",
      "1654ae6ba2aea0d7810173c581018381019c81008687565f4d4a504547e088b0820280ba820168",
    ].join(""),
  );
});

test("a rate is told as the duration of a picture", () => {
  const header = matroskaHeader({ width: 640, height: 360 }, 10).toString("hex");
  assert.ok(header.includes("9c810023e3838405f5e100"));
});

test("a cluster carries its stamp, its length and one key block", () => {
  assert.equal(clusterHead(0, 10).toString("hex"), "1f43b67593e78100a38e81000080");
  assert.equal(clusterHead(70_000, 200_000).toString("hex"), "1f43b675230d4de783011170a3230d4481000080");
});

test("a length that would read as unknown takes one byte more", () => {
  // 4 + 123 = 127 is all ones in seven bits.
  assert.ok(clusterHead(0, 123).toString("hex").endsWith("a3407f81000080"));
  assert.ok(clusterHead(0, 122).toString("hex").endsWith("a3fe81000080"));
});

test("a stamp of weeks still fits", () => {
  assert.ok(
    clusterHead(2 ** 33, 1)
      .toString("hex")
      .includes("e7850200000000"),
  );
});
