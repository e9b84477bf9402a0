// For tests: an operator's key with its certificate, and a printer's. Made anew each time; the bytes of
// a self-signed X.509 certificate are written by hand, since node:crypto only reads them.

import { createPublicKey, generateKeyPairSync, sign, type KeyObject } from "node:crypto";

export interface Pair {
  readonly keyPem: string;
  readonly certificatePem: string;
  /** Of the certificate, as printers write it. */
  readonly serial: string;
}

function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const head = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...head]), content]);
}

const sequence = (...parts: readonly Uint8Array[]): Buffer => der(0x30, ...parts);
const hex = (digits: string): Buffer => Buffer.from(digits, "hex");

const commonName = hex("550403");
const sha256WithRsa = sequence(der(0x06, hex("2a864886f70d01010b")), der(0x05));

function pair(name: string, serial: string): Pair {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const keyPem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  return { keyPem, certificatePem: certificate(privateKey, name, serial), serial: serial.padStart(32, "0") };
}

function certificate(key: KeyObject, name: string, serial: string): string {
  const who = sequence(der(0x31, sequence(der(0x06, commonName), der(0x0c, Buffer.from(name)))));
  const validity = sequence(der(0x17, Buffer.from("250101000000Z")), der(0x17, Buffer.from("450101000000Z")));
  const publicKey = createPublicKey(key).export({ type: "spki", format: "der" });
  const body = sequence(der(0x02, hex(serial)), sha256WithRsa, who, validity, who, publicKey);
  const signature = der(0x03, Buffer.from([0]), sign("RSA-SHA256", body, key));
  const base64 = sequence(body, sha256WithRsa, signature).toString("base64").replaceAll(/.{64}/gu, "$&\n");
  return `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`;
}

/** Its serial number is shorter than 32 digits, as most are. */
export const ownPair = pair("operator", "1a2b3c4d5e6f7081");
export const printerPair = pair("01P00A000000001", "0102030405");
