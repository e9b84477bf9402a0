// Small parts that every HTTP request to the printer needs. No meaning of any answer.

/** An answer of the printer's web server is some hundred bytes. */
const maxBodyBytes = 64 * 1024;

/** `http://host:port` and the path; an IPv6 address gets its brackets. */
export function httpUrl(host: string, port: number, path: string): string {
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}${path}`;
}

/** The body as text, cut off at 64 KiB: what comes after is not read. */
export async function readText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk as Uint8Array);
    sizeBytes += (chunk as Uint8Array).length;
    if (sizeBytes > maxBodyBytes) break;
  }
  return Buffer.concat(chunks).subarray(0, maxBodyBytes).toString("utf8");
}
