// The document against the routes that are served and the tables.

import { strict as assert } from "node:assert";
import { test } from "node:test";
import { commandNames, commandRow } from "../../model/commands.ts";
import { kebabCase } from "../../model/naming.ts";
import { FakeFleet, fakePrinter } from "../fake-fleet.ts";
import { omission } from "../surface.ts";
import { startTestGateway } from "../test-gateway.ts";
import { omits } from "./commands.ts";

const timeout = 30_000;

interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly requestBody?: unknown;
  readonly responses: Readonly<Record<string, unknown>>;
}
interface Document {
  readonly openapi: string;
  readonly info: { readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, unknown>> };
}

async function documentOf(fleet: FakeFleet): Promise<{ document: Document; url: string } & AsyncDisposable> {
  const gateway = await startTestGateway(fleet);
  const document = (await (await fetch(`${gateway.url}/openapi.json`)).json()) as Document;
  return { document, url: gateway.url, [Symbol.asyncDispose]: async () => gateway[Symbol.asyncDispose]() };
}

function references(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === "$ref" && typeof inner === "string" ? [inner] : references(inner),
  );
}

function commandPaths({ paths }: Document): string[] {
  return Object.keys(paths).flatMap((path) => /\/commands\/(.+)$/u.exec(path)?.[1] ?? []);
}

test("is OpenAPI 3.1 of this version, and every reference in it leads somewhere", { timeout }, async () => {
  await using opened = await documentOf(new FakeFleet(fakePrinter("a")));
  const { openapi, info, components } = opened.document;
  assert.deepEqual([openapi, info.version], ["3.1.0", "1.2.3"]);
  const found = references(opened.document);
  assert.ok(found.includes("#/components/schemas/State"));
  for (const reference of found) {
    assert.ok(reference.replace("#/components/schemas/", "") in components.schemas, reference);
  }
});

test("names each operation once and each path parameter", { timeout }, async () => {
  await using opened = await documentOf(new FakeFleet(fakePrinter("a")));
  const ids: string[] = [];
  for (const [path, methods] of Object.entries(opened.document.paths)) {
    for (const { operationId, parameters = [] } of Object.values(methods)) {
      ids.push(operationId);
      const inPath = parameters.filter((parameter) => parameter.in === "path").map(({ name }) => name);
      assert.deepEqual(
        inPath,
        [...path.matchAll(/\{(\w+)\}/gu)].map(([, name]) => name),
        path,
      );
    }
  }
  assert.equal(new Set(ids).size, ids.length);
});

test("every path of the contract is told of, and every path told of is served", { timeout }, async () => {
  const fleet = new FakeFleet(fakePrinter("a"));
  await using opened = await documentOf(fleet);
  const { paths } = opened.document;
  const contract = ["", "/{id}", "/{id}/state", "/{id}/snapshot.jpg", "/{id}/camera.mjpeg", "/{id}/files"];
  contract.push("/{id}/files/{name}", "/{id}/files/{name}/thumbnail");
  const own = ["/healthz", "/readyz", "/metrics", "/openapi.json", "/api/v1/events"];
  for (const path of [...own, ...contract.map((tail) => `/api/v1/printers${tail}`)]) assert.ok(path in paths, path);
  for (const [path, methods] of Object.entries(paths)) {
    const address = path.replace("{id}", "a").replace("{name}", "x");
    const response = await fetch(opened.url + address, { method: "PATCH" });
    await response.body?.cancel();
    const allowed = new Set((response.headers.get("allow") ?? "").toLowerCase().split(", "));
    for (const method of Object.keys(methods)) assert.ok(allowed.has(method), `${method} ${path}`);
  }
});

test("changing commands are told of only where some printer may be controlled", { timeout }, async () => {
  await using open = await documentOf(new FakeFleet(fakePrinter("a"), fakePrinter("b", { control: false })));
  const withPath = commandNames.filter((name) => omission(omits, name) === undefined);
  assert.deepEqual(commandPaths(open.document).toSorted(), withPath.map((name) => kebabCase(name)).toSorted());
  await using closed = await documentOf(new FakeFleet(fakePrinter("b", { control: false })));
  const observing = withPath.filter((name) => commandRow(name).effect === "observes");
  assert.deepEqual(
    commandPaths(closed.document),
    observing.map((name) => kebabCase(name)),
  );
  const file = "/api/v1/printers/{id}/files/{name}";
  assert.deepEqual(Object.keys(open.document.paths[file] ?? {}).toSorted(), ["delete", "get", "put"]);
  assert.deepEqual(Object.keys(closed.document.paths[file] ?? {}), ["get"]);
});

test("bytes are told of as bytes", { timeout }, async () => {
  await using opened = await documentOf(new FakeFleet(fakePrinter("a")));
  const types = (tail: string, method: string): unknown[] => {
    const { requestBody, responses } = opened.document.paths[`/api/v1/printers/{id}${tail}`]?.[method] ?? assert.fail();
    const contents = [requestBody, responses["200"]] as ({ content?: object } | undefined)[];
    return contents.map((part) => Object.keys(part?.content ?? {}));
  };
  assert.deepEqual(types("/files/{name}", "put"), [["application/octet-stream"], ["application/json"]]);
  assert.deepEqual(types("/files/{name}", "get"), [[], ["*/*"]]);
  assert.deepEqual(types("/files/{name}/thumbnail", "get"), [[], ["image/*"]]);
  assert.deepEqual(types("/commands/get-thumbnail", "post"), [["application/json"], ["image/*"]]);
});
