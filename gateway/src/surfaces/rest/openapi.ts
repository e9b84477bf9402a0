// The OpenAPI 3.1 document, made from the same rows that express serves and the same schemas
// that check inputs. Changing commands are in it only where some printer may be controlled.

import * as z from "zod";
import { keptSchema } from "../../camera/bridge-library.ts";
import type { Fleet } from "../../fleet/fleet.ts";
import type { CommandRow } from "../../model/command-row.ts";
import { commandNames, commandRow, type CommandName } from "../../model/commands.ts";
import { errorCodes, type ErrorCode } from "../../model/errors.ts";
import { kebabCase } from "../../model/naming.ts";
import { metricsRoute } from "../metrics/metrics-route.ts";
import { printerJsonSchema, stateJsonSchema } from "../printer-document.ts";
import { problemKinds } from "../problem.ts";
import { templateOf, type Answer, type Route } from "../route.ts";
import { omission, type SurfaceOptions } from "../surface.ts";
import { commandPath, omits } from "./commands.ts";

type Json = Readonly<Record<string, unknown>>;

export function openApiRoute(fleet: Fleet, options: Pick<SurfaceOptions, "version">, routes: readonly Route[]): Route {
  const route: Route = {
    method: "get",
    path: "/openapi.json",
    operationId: "getOpenApi",
    summary: "This document.",
    answers: { "200": { type: "application/json", description: "OpenAPI 3.1." } },
    handle: (_request, response) => {
      const control = fleet.list().some((printer) => printer.control);
      response.set("Cache-Control", "no-store").json(openApiDocument([...routes, route], { ...options, control }));
    },
  };
  return route;
}

/** The document. `control`: whether changing commands are told of. */
function openApiDocument(
  routes: readonly Route[],
  { version, control }: { readonly version: string; readonly control: boolean },
): Json {
  const paths: Record<string, Record<string, Json>> = {};
  const isTold = (name: CommandName | undefined): boolean =>
    name === undefined || control || commandRow(name).effect === "observes";
  for (const route of [...routes, metricsRoute]) {
    if (route.path === commandPath || !isTold(route.command)) continue;
    (paths[templateOf(route.path)] ??= {})[route.method] = operation(route);
  }
  for (const name of commandNames) {
    if (!isTold(name) || omission(omits, name) !== undefined) continue;
    paths[commandPath.replace("{name}", kebabCase(name))] = { post: commandOperation(name) };
  }
  return {
    openapi: "3.1.0",
    info: { title: "Gantry", version, description: "3D printers on the local network.", license },
    servers: [{ url: "./" }],
    paths,
    components: { schemas: components() },
  };
}

const license = { name: "Apache-2.0", identifier: "Apache-2.0" };

function operation(route: Omit<Route, "handle">): Json {
  const { command } = route;
  const row = command === undefined ? undefined : commandRow(command);
  const parameters = [
    ...[...route.path.matchAll(/\{(\w+)(\*?)\}/gu)].map(([, name = "", deep]) => pathParameter(name, deep === "*")),
    ...(route.query ?? []).map((parameter) => ({ in: "query", required: false, ...parameter })),
    ...(row === undefined || row.effect === "observes" ? [] : [dryRun]),
  ];
  return {
    operationId: route.operationId,
    summary: route.summary,
    ...(row === undefined ? {} : { tags: ["files"] }),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(row?.takesFile === true ? { requestBody: { required: true, content: bytes("application/octet-stream") } } : {}),
    responses: {
      ...answers(route.answers),
      ...(row === undefined ? {} : commandAnswers(row)),
      ...problems([...(route.errors ?? []), ...(row === undefined ? [] : errorsOf(row))]),
    },
  };
}

function commandOperation(name: CommandName): Json {
  const row = commandRow(name);
  return {
    operationId: name,
    summary: row.summary,
    tags: ["commands"],
    parameters: [pathParameter("id"), dryRun],
    requestBody: {
      required: Object.values(row.input.shape).some((field) => !z.safeParse(field, undefined).success),
      content: { "application/json": { schema: jsonSchema(row.input, "input") } },
    },
    responses: { ...commandAnswers(row), ...problems(errorsOf(row)) },
    "x-gantry-effect": row.effect,
    "x-gantry-idempotent": row.idempotent,
    ...(row.phases === undefined ? {} : { "x-gantry-phases": row.phases }),
  };
}

function commandAnswers({ gives, output }: CommandRow): Json {
  if (gives === "picture") return { "200": { description: "The picture.", content: bytes("image/*") } };
  if (gives === "file") return { "200": { description: "The file.", content: bytes("*/*") } };
  const schema = { anyOf: [jsonSchema(output, "output"), reference("DryRun")] };
  const acknowledged = { description: "The printer acknowledged.", content: { "application/json": { schema } } };
  return { "200": acknowledged, ...answers({ "202": unconfirmed }) };
}

const unconfirmed = {
  type: "application/json",
  schema: "Unconfirmed",
  description: "Sent; the printer stayed silent.",
};

function bytes(type: string): Json {
  return { [type]: {} };
}

function errorsOf({ takesFile }: CommandRow): readonly ErrorCode[] {
  return takesFile === true ? [...commandErrors, "storage_full"] : commandErrors;
}

const commandErrors: readonly ErrorCode[] = [
  "invalid_input",
  "forbidden",
  "not_found",
  "wrong_phase",
  "file_too_large",
  "file_type",
  "unsupported",
  "printer_refused",
  "unreachable",
  "timeout",
];

const dryRun = {
  name: "dryRun",
  in: "query",
  required: false,
  description: "Check everything and send nothing.",
  schema: { type: "boolean", default: false },
};

function pathParameter(name: string, deep = false): Json {
  const description = deep ? { description: "Folders before the name with slashes, as they are or encoded." } : {};
  return { name, in: "path", required: true, ...description, schema: { type: "string" } };
}

function answers(given: Readonly<Record<string, Answer>>): Json {
  return Object.fromEntries(
    Object.entries(given).map(([status, { description, type, schema }]) => [
      status,
      { description, content: { [type]: schema === undefined ? {} : { schema: reference(schema) } } },
    ]),
  );
}

function problems(codes: readonly ErrorCode[]): Json {
  const content = { "application/problem+json": { schema: reference("Problem") } };
  return Object.fromEntries(
    codes.map((code) => [String(problemKinds[code].status), { description: problemKinds[code].title, content }]),
  );
}

function reference(schema: string): Json {
  return { $ref: `#/components/schemas/${schema}` };
}

function jsonSchema(schema: z.ZodType, io: "input" | "output"): Json {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io });
  return rest;
}

const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  code: z.enum(Object.keys(errorCodes)),
  retryable: z.boolean(),
  printer: z.string().optional(),
  errors: z.array(z.object({ pointer: z.string(), message: z.string() })).optional(),
});

const readinessSchema = z.object({
  status: z.enum(["ready", "unready"]),
  reasons: z.array(z.string()),
  inventory: z.object({
    valid: z.boolean(),
    missing: z.boolean(),
    loadedAt: z.iso.datetime().nullable(),
    problems: z.array(z.string()),
  }),
});

const cameraSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("pictures") }),
  z.object({
    kind: z.literal("video"),
    url: z.string().meta({ description: "rtsp or rtsps address, without credentials." }),
    username: z.string().nullable(),
    passwordKey: z
      .string()
      .nullable()
      .meta({ description: "Key of the inventory's connection that holds the password." }),
    certificateSha256: z.string().nullable().meta({ description: "Of the only certificate to be taken, hex." }),
  }),
]);

function components(): Json {
  const registry = z.registry<{ id: string }>();
  registry.add(stateJsonSchema, { id: "State" });
  registry.add(printerJsonSchema, { id: "Printer" });
  registry.add(z.object({ items: z.array(printerJsonSchema) }), { id: "Printers" });
  registry.add(cameraSchema, { id: "Camera" });
  registry.add(keptSchema, { id: "Kept" });
  registry.add(problemSchema, { id: "Problem" });
  registry.add(readinessSchema, { id: "Readiness" });
  registry.add(z.object({ status: z.literal("ok") }), { id: "Health" });
  registry.add(z.object({ outcome: z.literal("unconfirmed") }), { id: "Unconfirmed" });
  registry.add(z.object({ outcome: z.literal("dry_run") }), { id: "DryRun" });
  const { schemas } = z.toJSONSchema(registry, { uri: (id) => `#/components/schemas/${id}` });
  return Object.fromEntries(
    Object.entries(schemas).map(([name, { $schema: _dialect, $id: _id, ...schema }]) => [name, schema]),
  );
}
