// How OctoPrint answers: JSON, an empty 204, or one of its refusals with a text.

/** An answer with a body of JSON, a file, or none. */
export interface Answer {
  readonly status: number;
  readonly json?: unknown;
  readonly bytes?: Buffer;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export const done: Answer = { status: 204 };

export function json(value: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, json: value, headers };
}

export function refuse(status: number, error: string): Answer {
  return { status, json: { error } };
}

export const forbidden = refuse(
  403,
  "You don't have the permission to access the requested resource. It is either read-protected or not readable by the server.",
);
export const notFound = refuse(
  404,
  "The requested URL was not found on the server. If you entered the URL manually please check your spelling and try again.",
);
export const notAllowed = refuse(405, "The method is not allowed for the requested URL.");
export const notOperational = refuse(409, "Printer is not operational");
export const broken = refuse(
  500,
  "The server encountered an internal error and was unable to complete your request. Either the server is overloaded or there is an error in the application.",
);
