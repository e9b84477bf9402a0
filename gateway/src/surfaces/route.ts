// An HTTP route as data: what express serves and what the OpenAPI document tells are made from
// the same row, so neither can miss the other.

import type { Request, Response, Router } from "express";
import type { CommandName } from "../model/commands.ts";
import { PrinterError, type ErrorCode } from "../model/errors.ts";
import { methodNotAllowed, sendProblem } from "./problem.ts";

/** A good answer: its media type, and the component schema it follows where it is JSON. */
export interface Answer {
  readonly description: string;
  readonly type: string;
  readonly schema?: string;
}

interface QueryParameter {
  readonly name: string;
  readonly description: string;
  readonly schema: Readonly<Record<string, unknown>>;
}

/** Of every address that cameras are behind. */
export const tokenParameter: QueryParameter = {
  name: "token",
  description: "A token of the inventory's `access`, for who cannot send it as `Authorization: Bearer`.",
  schema: { type: "string" },
};

export interface Route {
  readonly method: "get" | "post" | "put" | "delete";
  /** OpenAPI template, `/api/v1/printers/{id}`; a parameter written `{name*}` takes slashes too. */
  readonly path: string;
  readonly operationId: string;
  readonly summary: string;
  readonly query?: readonly QueryParameter[];
  readonly answers: Readonly<Record<string, Answer>>;
  /** The command that it asks, whose row then tells the answers; OpenAPI leaves it out where the row is left out. */
  readonly command?: CommandName;
  /** Codes a caller should expect here. */
  readonly errors?: readonly ErrorCode[];
  readonly handle: (request: Request, response: Response) => void | Promise<void>;
}

/** Serves the routes; another method on one of their paths is answered 405. */
export function mount(router: Router, routes: readonly Route[]): void {
  for (const { method, path, handle } of routes) router[method](expressPath(path), tag(path), handle);
  for (const [path, methods] of methodsByPath(routes)) {
    router.all(expressPath(path), tag(path), (request, response) => {
      response.set("Allow", methods.join(", "));
      const words = `${request.method} is not possible here; it takes ${methods.join(", ")}`;
      sendProblem(response, new PrinterError("invalid_input", words), methodNotAllowed);
    });
  }
}

function methodsByPath(routes: readonly Route[]): Map<string, string[]> {
  const paths = new Map<string, string[]>();
  for (const { path, method } of routes) {
    const methods = paths.get(path) ?? [];
    methods.push(method.toUpperCase(), ...(method === "get" ? ["HEAD"] : []));
    paths.set(path, methods);
  }
  return paths;
}

export function expressPath(path: string): string {
  return path.replaceAll(/\{(\w+)\*\}/gu, "*$1").replaceAll(/\{(\w+)\}/gu, ":$1");
}

/** The path as OpenAPI and the labels of metrics write it. */
export function templateOf(path: string): string {
  return path.replaceAll("*}", "}");
}

function tag(path: string) {
  return (_request: Request, response: Response, next: () => void): void => {
    tagRoute(response, templateOf(path));
    next();
  };
}

/** Names the route of a request by its template, for logs and metrics. */
export function tagRoute(response: Response, template: string): void {
  response.locals["route"] = template;
}

/** The template of the route that took the request; `unmatched` where none did. */
export function routeOf(response: Response): string {
  const template: unknown = response.locals["route"];
  return typeof template === "string" ? template : "unmatched";
}

/** A path parameter, decoded; empty where the route's template has none of that name. */
export function parameter(request: Request, name: string): string {
  const value = request.params[name] ?? "";
  return typeof value === "string" ? value : value.join("/");
}

/** A query parameter given once; undefined when it is not there. @throws PrinterError `invalid_input` */
export function query(request: Request, name: string): string | undefined {
  const value: unknown = request.query[name];
  if (value === undefined || typeof value === "string") return value;
  throw new PrinterError("invalid_input", `give ${name} once in the query`);
}

/** Aborts when the client is gone or the surface ends, whichever comes first. */
export function requestSignal(response: Response, surface: AbortSignal): AbortSignal {
  const gone = new AbortController();
  response.once("close", () => gone.abort(new PrinterError("aborted", "the client closed the connection")));
  return AbortSignal.any([gone.signal, surface]);
}
